#include "service/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace imbot::base::json {
namespace {

using testing::ElementsAre;

// --- Reading ---

TEST(JsonParser, ReadsEveryType) {
  Parser parser;
  const auto root = parser.Parse(
      R"({"n": null, "t": true, "f": false, "i": -5, "u": 18446744073709551615, "d": 1.5, "s": "text", "a": [1, "x"], "o": {"k": 1}})");
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(root->type(), Type::kObject);
  EXPECT_EQ(root->size(), 9u);
  EXPECT_EQ(root->Find("n")->type(), Type::kNull);
  EXPECT_TRUE(root->Find("t")->AsBool());
  EXPECT_FALSE(root->Find("f")->AsBool());
  EXPECT_EQ(root->Find("i")->AsInt(), -5);
  EXPECT_EQ(root->Find("u")->type(), Type::kUint);
  EXPECT_EQ(root->Find("u")->AsUint(), 18446744073709551615u);
  EXPECT_EQ(root->Find("d")->AsDouble(), 1.5);
  EXPECT_EQ(root->Find("s")->AsString(), "text");
  EXPECT_EQ(root->Find("a")->size(), 2u);
  EXPECT_EQ(root->Find("o")->Find("k")->AsInt(), 1);
  EXPECT_FALSE(root->Find("missing").has_value());
}

TEST(JsonParser, KeepsTheBordersOfIntegers) {
  Parser parser;
  EXPECT_EQ(parser.Parse("9223372036854775807")->AsInt(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(parser.Parse("-9223372036854775808")->AsInt(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(parser.Parse("9223372036854775808")->type(), Type::kUint);
  EXPECT_EQ(parser.Parse("12.0")->type(), Type::kDouble);
}

TEST(JsonParser, ReadsWhatThePortalEscapes) {
  // WIRE_FACTS 1.4: <>&'" as \u00XX, / as \/, other letters raw or as \uXXXX, pairs beyond the first plane.
  Parser parser;
  EXPECT_EQ(parser.Parse(R"("\u003Cb\u003E \u0026 \u0027 \u0022 \/ \u041f\u0440 Пр \ud83d\udc4b")")->AsString(),
            "<b> & ' \" / Пр Пр 👋");
}

TEST(JsonParser, RefusesWhatIsNotOneJsonValue) {
  Parser parser;
  for (const char* bad : {"", "   ", "{", "[1,]", "{\"a\":}", "{'a':1}", "nul", "01", "1 2", "{} {}", "<html></html>",
                          "\"\x01\"", "\"\\x\"", "[1", "\"open", "NaN", "+1", "\"\\ud83d\""})
    EXPECT_FALSE(parser.Parse(bad).has_value()) << bad;
}

TEST(JsonParser, RefusesTextThatIsNotUtf8) {
  Parser parser;
  EXPECT_FALSE(parser.Parse("\"\xff\xfe\"").has_value());
  EXPECT_FALSE(parser.Parse("\"\xc3\"").has_value());
}

TEST(JsonParser, SkipsAByteOrderMark) {
  Parser parser;
  EXPECT_EQ(parser.Parse("\xEF\xBB\xBF{\"a\": 1}")->Find("a")->AsInt(), 1);
}

TEST(JsonParser, RefusesToNestDeeperThanItMay) {
  const auto nested = [](int levels) {
    return std::string(static_cast<size_t>(levels), '[') + std::string(static_cast<size_t>(levels), ']');
  };
  Parser parser(/*max_depth=*/10);
  EXPECT_TRUE(parser.Parse(nested(9)).has_value());
  EXPECT_FALSE(parser.Parse(nested(11)).has_value());
  EXPECT_FALSE(Parser().Parse(nested(100000)).has_value());
}

TEST(JsonParser, KeepsItsDepthForDocumentsOfAnySize) {
  Parser parser(/*max_depth=*/10);
  std::string large = "[";
  for (int i = 0; i < 100000; ++i) large += "12345,";
  large += "1]";
  ASSERT_TRUE(parser.Parse(large).has_value());
  EXPECT_EQ(parser.Parse(large)->size(), 100001u);
  EXPECT_FALSE(parser.Parse(std::string(20, '[') + std::string(20, ']')).has_value());
}

TEST(JsonParser, IsUsableAgainAfterAnError) {
  Parser parser;
  EXPECT_FALSE(parser.Parse("{").has_value());
  EXPECT_EQ(parser.Parse("5")->AsInt(), 5);
}

TEST(JsonValue, IsNullAndEmptyByDefault) {
  const Value value;
  EXPECT_EQ(value.type(), Type::kNull);
  EXPECT_EQ(value.size(), 0u);
  EXPECT_FALSE(value.Find("a").has_value());
  EXPECT_EQ(value.ToText(), "null");
  value.ForEachItem([](Value) -> bool { return ADD_FAILURE(), true; });
  value.ForEachMember([](std::string_view, Value) -> bool { return ADD_FAILURE(), true; });
}

TEST(JsonValue, VisitsInOrderUntilItIsTold) {
  Parser parser;
  const auto list = parser.Parse(R"([1, 2, 3])");
  std::vector<int64_t> items;
  list->ForEachItem([&](Value item) {
    items.push_back(item.AsInt());
    return items.size() < 2;
  });
  EXPECT_THAT(items, ElementsAre(1, 2));
  const auto object = parser.Parse(R"({"b": 1, "a": 2, "b": 3})");
  std::vector<std::string> keys;
  object->ForEachMember([&](std::string_view key, Value) {
    keys.emplace_back(key);
    return true;
  });
  EXPECT_THAT(keys, ElementsAre("b", "a", "b"));
  EXPECT_EQ(object->Find("b")->AsInt(), 1) << "the first of that name";
}

TEST(JsonValue, VisitsNothingOfAnotherType) {
  Parser parser;
  parser.Parse("{\"a\": 1}")->ForEachItem([](Value) -> bool { return ADD_FAILURE(), true; });
  parser.Parse("[1]")->ForEachMember([](std::string_view, Value) -> bool { return ADD_FAILURE(), true; });
  EXPECT_EQ(parser.Parse("5")->size(), 0u);
  EXPECT_EQ(parser.Parse("\"text\"")->size(), 0u);
}

TEST(JsonValue, BecomesTextAgain) {
  Parser parser;
  const std::string text = R"({"n":null,"t":true,"i":-5,"u":18446744073709551615,"d":0.25,"s":"a\"b","a":[],"o":{}})";
  EXPECT_EQ(parser.Parse(text)->ToText(), text);
  EXPECT_EQ(parser.Parse("[ 1 ,\n 2.0 ]")->ToText(), "[1,2]");
}

// --- Writing ---

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  Writer out;
  out.BeginObject();
  out.Key("a");
  out.Int(1);
  out.Key("b");
  out.BeginArray();
  out.String("x");
  out.BeginObject();
  out.EndObject();
  out.BeginArray();
  out.EndArray();
  out.Null();
  out.Bool(true);
  out.Bool(false);
  out.EndArray();
  out.Key("c");
  out.Raw("{\"raw\":1}");
  out.EndObject();
  EXPECT_EQ(out.Take(), R"({"a":1,"b":["x",{},[],null,true,false],"c":{"raw":1}})");
}

TEST(JsonWriter, EscapesWhatJsonDoesNotAllowAndNothingElse) {
  static constexpr char kText[] = "\"\\/\b\f\n\r\t\0\x1f<>&'\x7f Привет 👋";
  const std::string_view text(kText, sizeof(kText) - 1);
  Writer out;
  out.String(text);
  EXPECT_EQ(out.text(), "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0000\\u001f<>&'\x7f Привет 👋\"");
  Parser parser;
  EXPECT_EQ(parser.Parse(out.text())->AsString(), text);
}

TEST(JsonWriter, EscapesKeysToo) {
  Writer out;
  out.BeginObject();
  out.Key("a\"b\n");
  out.Null();
  out.EndObject();
  EXPECT_EQ(out.text(), R"({"a\"b\n":null})");
}

TEST(JsonWriter, WritesIntegersWhole) {
  for (const int64_t number :
       {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    Writer out;
    out.Int(number);
    EXPECT_EQ(out.text(), std::to_string(number));
  }
}

std::string DoubleText(double number) {
  Writer out;
  out.Double(number);
  return out.Take();
}

TEST(JsonWriter, WritesIntegralDoublesAsIntegersUpToTheLastExactOne) {
  EXPECT_EQ(DoubleText(3.0), "3");
  EXPECT_EQ(DoubleText(-3.0), "-3");
  EXPECT_EQ(DoubleText(-0.0), "0");
  EXPECT_EQ(DoubleText(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(DoubleText(-9007199254740992.0), "-9007199254740992");
}

TEST(JsonWriter, WritesOtherDoublesSoThatTheyReadBackTheSame) {
  Parser parser;
  for (const double number :
       {0.1, 1.0 / 3, -2.5e-300, 1e300, 1e20, 5e-324, 1.7976931348623157e308, 9007199254740994.0}) {
    const std::string text = DoubleText(number);
    const auto value = parser.Parse(text);
    ASSERT_TRUE(value.has_value()) << text;
    const double read = value->is(Type::kDouble) ? value->AsDouble() : static_cast<double>(value->AsInt());
    EXPECT_EQ(read, number) << text;
  }
}

TEST(JsonWriter, WritesNullForWhatJsonDoesNotHave) {
  EXPECT_EQ(DoubleText(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(DoubleText(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(DoubleText(-std::numeric_limits<double>::infinity()), "null");
}

TEST(AppendQuoted, Appends) {
  std::string out = "x=";
  AppendQuoted("a\"", &out);
  EXPECT_EQ(out, R"(x="a\"")");
}

TEST(JsonIsPlain, LooksAtEachByteWhereverItStands) {
  for (size_t length = 1; length <= 17; ++length) {
    for (size_t at = 0; at < length; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(length, ' ');
        text[at] = static_cast<char>(byte);
        const bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        ASSERT_EQ(IsPlain(text), plain) << "byte " << byte << " at " << at << " of " << length;
      }
    }
  }
  EXPECT_TRUE(IsPlain(""));
}

}  // namespace
}  // namespace imbot::base::json
