#include "service/translate/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bitrix24/imbot/v1/bot_service.pb.h"
#include "bitrix24/imbot/v1/chat_service.pb.h"
#include "bitrix24/imbot/v2/bot_service.pb.h"
#include "bitrix24/imbot/v2/message_service.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

using google::protobuf::Message;
using testing::HasSubstr;

using Decoded = absl::StatusOr<std::unique_ptr<Message>>;

Decoded Decode(std::string_view method, const std::string& result, std::optional<int64_t> next = {},
               std::optional<int64_t> total = {}) {
  base::json::Parser parser;
  const auto value = parser.Parse(result);
  if (!value.has_value()) throw std::logic_error("not JSON: " + result);
  return DecodeResult(Method(method), *value, next, total);
}

// The response in text format, fields in the order of their numbers; `error: REASON` if there is none.
std::string Text(const Decoded& decoded) {
  if (!decoded.ok()) return "error: " + base::ReasonOf(decoded.status());
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  printer.PrintToString(**decoded, &text);
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}
std::string DecodedText(std::string_view method, const std::string& result) {
  return Text(Decode(method, result));
}

// --- What a portal may write for a value of each kind (WIRE_FACTS 1.7) ---

struct Lenient {
  const char* name;
  const char* result;    // of test.v2.everything
  const char* expected;  // in text format
};

void PrintTo(const Lenient& lenient, std::ostream* out) {
  *out << lenient.result;
}

class LenientValue : public testing::TestWithParam<Lenient> {};

TEST_P(LenientValue, IsReadAsPhpMeantIt) {
  EXPECT_EQ(DecodedText("test.v2.everything", GetParam().result), GetParam().expected);
}

std::string NameOf(const testing::TestParamInfo<Lenient>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, LenientValue,
    testing::Values(
        Lenient{"Number", R"({"number": 12})", "number: 12"}, Lenient{"Negative", R"({"number": -12})", "number: -12"},
        Lenient{"NumberAsText", R"({"number": "12"})", "number: 12"},
        Lenient{"NumberAsTextWithSpaces", R"({"number": " 12 "})", "number: 12"},
        Lenient{"NegativeNumberAsText", R"({"number": "-12"})", "number: -12"},
        Lenient{"Zero", R"({"number": 0})", "number: 0"}, Lenient{"ZeroAsText", R"({"number": "0"})", "number: 0"},
        Lenient{"IntegralDouble", R"({"number": 12.0})", "number: 12"},
        Lenient{"Beyond2To53", R"({"number": 9007199254740993})", "number: 9007199254740993"},
        Lenient{"Beyond2To53AsText", R"({"number": "9007199254740993"})", "number: 9007199254740993"},
        Lenient{"GreatestInt64", R"({"number": 9223372036854775807})", "number: 9223372036854775807"},
        Lenient{"BeyondInt64IsUnset", R"({"number": 9223372036854775808})", ""},
        Lenient{"BeyondInt64AsTextIsUnset", R"({"number": "9223372036854775808"})", ""},
        Lenient{"FractionIsUnset", R"({"number": 1.5})", ""},
        Lenient{"TrueIsUnsetAndNever1", R"({"number": true})", ""}, Lenient{"FalseIsUnset", R"({"number": false})", ""},
        Lenient{"NullIsUnset", R"({"number": null})", ""}, Lenient{"EmptyTextIsUnset", R"({"number": ""})", ""},
        Lenient{"WordIsUnset", R"({"number": "12a"})", ""}, Lenient{"ListIsUnset", R"({"number": [1]})", ""},
        Lenient{"ObjectIsUnset", R"({"number": {"a": 1}})", ""}, Lenient{"Small", R"({"small": "7"})", "small: 7"},
        Lenient{"SmallThatDoesNotFitIsUnset", R"({"small": 2147483648})", ""},
        Lenient{"Double", R"({"ratio": 0.111})", "ratio: 0.111"},
        Lenient{"DoubleFromInteger", R"({"ratio": 2})", "ratio: 2"},
        Lenient{"DoubleAsText", R"({"ratio": "0.5"})", "ratio: 0.5"},
        Lenient{"DoubleFromWordIsUnset", R"({"ratio": "nan"})", ""},
        Lenient{"DoubleFromFalseIsUnset", R"({"ratio": false})", ""}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Booleans, LenientValue,
    testing::Values(
        Lenient{"True", R"({"flag": true})", "flag: true"}, Lenient{"False", R"({"flag": false})", "flag: false"},
        Lenient{"Y", R"({"flag": "Y"})", "flag: true"}, Lenient{"N", R"({"flag": "N"})", "flag: false"},
        Lenient{"y", R"({"flag": "y"})", "flag: true"}, Lenient{"One", R"({"flag": 1})", "flag: true"},
        Lenient{"Nil", R"({"flag": 0})", "flag: false"}, Lenient{"OneAsText", R"({"flag": "1"})", "flag: true"},
        Lenient{"NilAsText", R"({"flag": "0"})", "flag: false"},
        Lenient{"TrueAsText", R"({"flag": "TRUE"})", "flag: true"},
        Lenient{"FalseAsText", R"({"flag": "false"})", "flag: false"}, Lenient{"NullIsUnset", R"({"flag": null})", ""},
        Lenient{"EmptyTextIsUnset", R"({"flag": ""})", ""}, Lenient{"WordIsUnset", R"({"flag": "maybe"})", ""},
        Lenient{"InAList", R"({"flags": ["Y", false, 1]})", "flags: true flags: false flags: true"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Texts, LenientValue,
    testing::Values(Lenient{"Text", R"({"text": "Привет \/ \u003C\ud83d\udc4b"})", R"(text: "Привет / <👋")"},
                    Lenient{"Empty", R"({"text": ""})", R"(text: "")"},
                    Lenient{"Number", R"({"text": 12})", R"(text: "12")"},
                    Lenient{"IntegralDouble", R"({"text": 12.0})", R"(text: "12")"},
                    Lenient{"BigNumber", R"({"text": 18446744073709551615})", R"(text: "18446744073709551615")"},
                    Lenient{"FalseIsUnset", R"({"text": false})", ""}, Lenient{"TrueIsUnset", R"({"text": true})", ""},
                    Lenient{"NullIsUnset", R"({"text": null})", ""}, Lenient{"ListIsUnset", R"({"text": ["a"]})", ""},
                    Lenient{"ObjectIsUnset", R"({"text": {}})", ""},
                    Lenient{"Bytes", R"({"data": "AP8Q"})", R"(data: "\000\377\020")"},
                    Lenient{"BytesThatAreNoBase64AreUnset", R"({"data": "%%%"})", ""},
                    Lenient{"Enum", R"({"shade": "BOT-admin"})", "shade: SHADE_BOT_ADMIN"},
                    Lenient{"UnknownEnumIsUnset", R"({"shade": "pink"})", ""}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Instants, LenientValue,
    testing::Values(
        Lenient{"Iso", R"({"at": "2026-03-19T14:30:00+02:00"})", "at { seconds: 1773923400 }"},
        Lenient{"Utc", R"({"at": "2026-03-19T12:30:00Z"})", "at { seconds: 1773923400 }"},
        Lenient{"Fraction", R"({"at": "2026-03-19T12:30:00.250Z"})", "at { seconds: 1773923400 nanos: 250000000 }"},
        Lenient{"BeforeTheEpoch", R"({"at": "1969-12-31T23:59:59.5Z"})", "at { seconds: -1 nanos: 500000000 }"},
        Lenient{"UnixSeconds", R"({"at": 1773923400})", "at { seconds: 1773923400 }"},
        Lenient{"FractionOfUnixSeconds", R"({"at": 1773923400.5})", "at { seconds: 1773923400 nanos: 500000000 }"},
        Lenient{"UnixSecondsAsText", R"({"at": "1773923400"})", "at { seconds: 1773923400 }"},
        Lenient{"NullIsUnset", R"({"at": null})", ""}, Lenient{"FalseIsUnset", R"({"at": false})", ""},
        Lenient{"EmptyIsUnset", R"({"at": ""})", ""}, Lenient{"ZeroIsUnset", R"({"at": 0})", ""},
        Lenient{"ZeroAsTextIsUnset", R"({"at": "0"})", ""}, Lenient{"EmptyListIsUnset", R"({"at": []})", ""},
        Lenient{"WordIsUnset", R"({"at": "yesterday"})", ""},
        // What a reader of dates may take for more than a date, and what no Timestamp can hold.
        Lenient{"InfiniteFutureIsUnset", R"({"at": "infinite-future"})", ""},
        Lenient{"InfinitePastIsUnset", R"({"at": "infinite-past"})", ""},
        Lenient{"Year10000IsUnset", R"({"at": "10000-01-01T00:00:00Z"})", ""},
        Lenient{"TooManySecondsAreUnset", R"({"at": 253402300800})", ""},
        Lenient{"GreatestNumberIsUnset", R"({"at": 9223372036854775807})", ""}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    ListsAndMaps, LenientValue,
    testing::Values(
        Lenient{"List", R"({"words": ["a", "b"]})", R"(words: "a" words: "b")"},
        Lenient{"EmptyList", R"({"words": []})", ""}, Lenient{"NullForAList", R"({"words": null})", ""},
        Lenient{"FalseForAList", R"({"words": false})", ""}, Lenient{"EmptyTextForAList", R"({"words": ""})", ""},
        Lenient{"ZeroForAListOfNumbers", R"({"numbers": 0})", ""},
        Lenient{"OneValueForAList", R"({"numbers": "5"})", "numbers: 5"},
        Lenient{"NothingInAList", R"({"numbers": [1, null, "", true, "2"]})", "numbers: 1 numbers: 2"},
        Lenient{"AListWithAHoleIsAnObject", R"({"numbers": {"0": 1, "2": 3}})", "numbers: 1 numbers: 3"},
        Lenient{"MapById", R"({"itemsById": {"39": {"TITLE": "A"}, "7": {"TITLE": "B"}}})",
                R"(items_by_id { title: "A" } items_by_id { title: "B" })"},
        Lenient{"MapByIdAsAList", R"({"itemsById": [{"TITLE": "A"}]})", R"(items_by_id { title: "A" })"},
        Lenient{"EmptyMapById", R"({"itemsById": []})", ""},
        Lenient{"NothingAmongMessages", R"({"items": [{"TITLE": "A"}, null, false, [], {"TITLE": "B"}]})",
                R"(items { title: "A" } items { title: "B" })"},
        Lenient{"Map", R"({"counts": {"a": 1, "b": "2"}})",
                R"(counts { key: "a" value: 1 } counts { key: "b" value: 2 })"},
        Lenient{"EmptyMapIsAList", R"({"counts": []})", ""},
        Lenient{"MapAsAList", R"({"counts": [5, 6]})", R"(counts { key: "0" value: 5 } counts { key: "1" value: 6 })"},
        Lenient{"NullForAMap", R"({"counts": null})", ""}, Lenient{"FalseForAMap", R"({"counts": false})", ""},
        Lenient{"NothingInAMap", R"({"counts": {"a": null, "b": 2, "c": ""}})", R"(counts { key: "b" value: 2 })"},
        Lenient{"MapOfMessages", R"({"innerByName": {"x": {"TITLE": "T"}, "y": []}})",
                R"(inner_by_name { key: "x" value { title: "T" } })"}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Objects, LenientValue,
    testing::Values(
        Lenient{"Message", R"({"inner": {"TITLE": "T", "COMMON": "Y", "chatId": "7"}})",
                R"(inner { title: "T" common: true chat_id: 7 })"},
        Lenient{"EmptyObjectIsAnEmptyMessage", R"({"inner": {}})", "inner { }"},
        Lenient{"NullIsUnset", R"({"inner": null})", ""}, Lenient{"FalseIsUnset", R"({"inner": false})", ""},
        Lenient{"EmptyTextIsUnset", R"({"inner": ""})", ""}, Lenient{"ZeroIsUnset", R"({"inner": 0})", ""},
        Lenient{"ZeroAsTextIsUnset", R"({"inner": "0"})", ""}, Lenient{"EmptyListIsUnset", R"({"inner": []})", ""},
        Lenient{"TextIsUnset", R"({"inner": "x"})", ""},
        Lenient{"UnknownKeys", R"({"unheard": {"of": [1]}, "text": "t"})", R"(text: "t")"},
        Lenient{"TrueForAnEmptyMark", R"({"mark": true})", "mark { }"},
        Lenient{"Mark", R"({"mark": {"SIZE": 3}})", "mark { size: 3 }"},
        Lenient{"FalseForAMark", R"({"mark": false})", ""},
        Lenient{"Nested", R"({"tree": {"name": "a", "branches": [{"name": "b", "branches": {"1": {"name": "c"}}}]}})",
                R"(tree { name: "a" branches { name: "b" branches { name: "c" } } })"},
        Lenient{"Struct", R"({"options": {"a": 1}})", R"(options { fields { key: "a" value { number_value: 1 } } })"},
        Lenient{"StructNull", R"({"options": null})", ""}, Lenient{"StructEmptyList", R"({"options": []})", ""},
        Lenient{"StructFalse", R"({"options": false})", ""},
        Lenient{"StructEmptyObject", R"({"options": {}})", "options { }"},
        Lenient{"StructAsAList", R"({"options": ["x"]})",
                R"(options { fields { key: "0" value { string_value: "x" } } })"},
        Lenient{"Value", R"({"any": "x"})", R"(any { string_value: "x" })"},
        Lenient{"ValueFalse", R"({"any": false})", "any { bool_value: false }"},
        Lenient{"ValueBigNumber", R"({"any": 9007199254740993})", R"(any { string_value: "9007199254740993" })"},
        Lenient{"ValueExactNumber", R"({"any": 9007199254740992})", "any { number_value: 9007199254740992 }"},
        Lenient{"ValueHugeNumber", R"({"any": 18446744073709551615})",
                R"(any { string_value: "18446744073709551615" })"},
        Lenient{
            "ValueList", R"({"any": [null, {"a": []}]})",
            R"(any { list_value { values { null_value: NULL_VALUE } values { struct_value { fields { key: "a" value { list_value { } } } } } } })"},
        Lenient{"ListValue", R"({"things": [1, "x"]})",
                R"(things { values { number_value: 1 } values { string_value: "x" } })"},
        Lenient{"ListValueWithAHole", R"({"things": {"0": 1, "2": "x"}})",
                R"(things { values { number_value: 1 } values { string_value: "x" } })"},
        Lenient{"ListValueNull", R"({"things": null})", ""}, Lenient{"ListValueFalse", R"({"things": false})", ""}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    Spellings, LenientValue,
    testing::Values(Lenient{"Exact", R"({"chatId": 1})", "chat_id: 1"},
                    Lenient{"Snake", R"({"chat_id": 2})", "chat_id: 2"},
                    Lenient{"Upper", R"({"CHAT_ID": 3})", "chat_id: 3"},
                    Lenient{"ExactBeforeOthers", R"({"chat_id": 2, "chatId": 1, "CHAT_ID": 3})", "chat_id: 1"},
                    Lenient{"ExactIsNull", R"({"chatId": null, "chat_id": 2})", "chat_id: 2"},
                    Lenient{"ExactIsNullAndLast", R"({"chat_id": 2, "chatId": null})", "chat_id: 2"},
                    Lenient{"FirstThatIsNotNull", R"({"chat_id": null, "CHAT_ID": 3})", "chat_id: 3"},
                    Lenient{"FirstOfTwo", R"({"chat_id": 2, "CHAT_ID": 3})", "chat_id: 2"},
                    Lenient{"AllNull", R"({"chatId": null, "chat_id": null})", ""},
                    Lenient{"FalseIsAValue", R"({"chatId": false, "chat_id": 2})", ""},
                    Lenient{"RepeatedKeyFirstWins", R"({"chatId": 1, "chatId": 2})", "chat_id: 1"},
                    Lenient{"RepeatedKeyNullFirst", R"({"chatId": null, "chatId": 2})", "chat_id: 2"},
                    Lenient{"InsideAMessage", R"({"inner": {"title": "t"}})", R"(inner { title: "t" })"}),
    NameOf);

// --- Results as a whole ---

TEST(DecodeResult, TakesNothingForAnEmptyResponse) {
  for (const char* nothing : {"null", "[]", "false", "{}", "\"\"", "0"})
    EXPECT_EQ(DecodedText("test.v2.everything", nothing), "") << nothing;
}

TEST(DecodeResult, RefusesAnotherTypeWhereAnObjectWasExpected) {
  for (const char* wrong : {"true", "5", "\"text\"", "[1]", "[{\"text\": \"t\"}]", "1.5"})
    EXPECT_EQ(DecodedText("test.v2.everything", wrong), "error: RESULT_UNUSABLE") << wrong;
}

TEST(DecodeResult, SaysThatTheChangeIsProvedWhenItsAnswerIsUnusable) {
  const auto decoded = Decode("imbot.v2.Chat.Message.send", R"("surprise")");
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(base::ReasonOf(decoded.status()), "RESULT_UNUSABLE");
  EXPECT_EQ(base::OutcomeOf(decoded.status()), "EXECUTED");
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr("is a text where an object was expected"));
  EXPECT_EQ(decoded.status().ToString().find("surprise"), std::string::npos);
}

TEST(DecodeResult, TakesABareNumberWrappedOrAsText) {
  EXPECT_EQ(DecodedText("test.whole.number", "39"), "id: 39");
  EXPECT_EQ(DecodedText("test.whole.number", "\"39\""), "id: 39");
  EXPECT_EQ(DecodedText("test.whole.number", R"({"result": 39})"), "id: 39");
}

TEST(DecodeResult, TakesTrueForAnIdAsDoneWithoutAnId) {
  // imbot.command.answer: `true` means that nothing was sent (WIRE_FACTS 5.2).
  EXPECT_EQ(DecodedText("test.whole.number", "true"), "");
  EXPECT_EQ(DecodedText("test.whole.number", "null"), "");
  EXPECT_EQ(DecodedText("test.whole.number", R"({"result": true})"), "");
  EXPECT_EQ(DecodedText("imbot.command.answer", "true"), "");
}

TEST(DecodeResult, RefusesWhatIsNoValueOfItsKind) {
  for (const char* wrong : {"\"abc\"", "1.5", "[1]", R"({"id": 39})", R"({"result": 1, "more": 2})"})
    EXPECT_EQ(DecodedText("test.whole.number", wrong), "error: RESULT_UNUSABLE") << wrong;
  EXPECT_EQ(DecodedText("test.whole.flag", "\"perhaps\""), "error: RESULT_UNUSABLE");
  EXPECT_EQ(DecodedText("test.whole.text", "[1]"), "error: RESULT_UNUSABLE");
}

TEST(DecodeResult, TakesABareBooleanInEveryForm) {
  EXPECT_EQ(DecodedText("test.whole.flag", "true"), "result: true");
  EXPECT_EQ(DecodedText("test.whole.flag", R"({"result": true})"), "result: true");
  EXPECT_EQ(DecodedText("test.whole.flag", "false"), "result: false");
  EXPECT_EQ(DecodedText("test.whole.flag", "1"), "result: true");
  EXPECT_EQ(DecodedText("test.whole.flag", "\"Y\""), "result: true");
  EXPECT_EQ(DecodedText("test.whole.flag", "null"), "");
}

TEST(DecodeResult, TakesABareText) {
  EXPECT_EQ(DecodedText("test.whole.text", "\"\""), R"(text: "")");
  EXPECT_EQ(DecodedText("test.whole.text", "12"), R"(text: "12")");
  EXPECT_EQ(DecodedText("test.whole.text", "false"), "");
}

TEST(DecodeResult, TakesABareListInEveryForm) {
  EXPECT_EQ(DecodedText("test.whole.numbers", R"([1, "2"])"), "ids: 1 ids: 2");
  EXPECT_EQ(DecodedText("test.whole.numbers", R"({"0": 1, "5": 2})"), "ids: 1 ids: 2");
  EXPECT_EQ(DecodedText("test.whole.numbers", R"({"result": [1, 2]})"), "ids: 1 ids: 2");
  EXPECT_EQ(DecodedText("test.whole.numbers", "[]"), "");
  EXPECT_EQ(DecodedText("test.whole.numbers", "null"), "");
  EXPECT_EQ(DecodedText("test.whole.numbers", "false"), "");
  EXPECT_EQ(DecodedText("test.whole.items", R"({"39": {"TITLE": "A"}})"), R"(items { title: "A" })");
  EXPECT_EQ(DecodedText("test.whole.items", R"([{"TITLE": "A"}])"), R"(items { title: "A" })");
  EXPECT_EQ(DecodedText("test.whole.items", "[]"), "");
}

TEST(DecodeResult, TakesABareMapMessageAndValue) {
  EXPECT_EQ(DecodedText("test.whole.counts", R"({"a": 1})"), R"(counts { key: "a" value: 1 })");
  EXPECT_EQ(DecodedText("test.whole.counts", R"({"result": 1})"), R"(counts { key: "result" value: 1 })");
  EXPECT_EQ(DecodedText("test.whole.counts", "[]"), "");
  EXPECT_EQ(DecodedText("test.whole.single", R"({"TITLE": "T"})"), R"(inner { title: "T" })");
  EXPECT_EQ(DecodedText("test.whole.single", "null"), "");
  EXPECT_EQ(
      DecodedText("test.whole.any", R"({"result": {"a": true}})"),
      R"(value { struct_value { fields { key: "result" value { struct_value { fields { key: "a" value { bool_value: true } } } } } } })");
}

TEST(DecodeResult, RefusesAScalarWhereAListAMapOrAMessageWasExpected) {
  EXPECT_EQ(DecodedText("test.whole.items", "\"oops\""), "error: RESULT_UNUSABLE");
  EXPECT_EQ(DecodedText("test.whole.items", "5"), "error: RESULT_UNUSABLE");
  EXPECT_EQ(DecodedText("test.whole.numbers", "\"oops\""), "error: RESULT_UNUSABLE");
  EXPECT_EQ(DecodedText("test.whole.counts", "\"oops\""), "error: RESULT_UNUSABLE");
  EXPECT_EQ(DecodedText("test.whole.single", "5"), "error: RESULT_UNUSABLE");
  EXPECT_EQ(DecodedText("test.whole.single", "[1]"), "error: RESULT_UNUSABLE");
}

TEST(DecodeResult, TakesNextAndTotalOfTheEnvelope) {
  EXPECT_EQ(Text(Decode("test.whole.numbers", "[1]", 50, 120)), "ids: 1 next: 50 total: 120");
  EXPECT_EQ(Text(Decode("test.whole.numbers", "[1]")), "ids: 1");
  EXPECT_EQ(Text(Decode("test.v2.everything", R"({"next": 7})", 50, 120)), "next: 7 total: 120");
  EXPECT_EQ(Text(Decode("test.whole.number", "1", 50, 120)), "id: 1");
}

TEST(DecodeResult, ReadsInlineFieldsIntoTheMessageThatHasThem) {
  EXPECT_EQ(DecodedText("test.inlined", R"({"JS_METHOD": "PUT"})"), R"(script { js_method: "PUT" })");
  EXPECT_EQ(DecodedText("test.inlined", R"({"IFRAME": "https://e", "IFRAME_WIDTH": "350"})"),
            R"(frame { iframe: "https://e" iframe_width: 350 })");
  EXPECT_EQ(DecodedText("test.inlined", "{}"), "");
}

TEST(DecodeResult, RefusesWhatNestsDeeperThanAReaderOfTheResponseTakes) {
  const auto nested = [](int levels) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += "[";
    for (int i = 0; i < levels; ++i) text += "]";
    return text;
  };
  const auto deepest = Decode("test.whole.any", nested(30));
  ASSERT_TRUE(deepest.ok());
  // The proof that the limit is where it must be: the response survives serialisation.
  std::unique_ptr<Message> read((*deepest)->New());
  EXPECT_TRUE(read->ParseFromString((*deepest)->SerializeAsString()));
  EXPECT_EQ(DecodedText("test.whole.any", nested(31)), "error: RESULT_UNUSABLE");
  EXPECT_THAT(std::string(Decode("test.whole.any", nested(31)).status().message()), HasSubstr("nests too deep"));

  const auto objects = [](int levels, const std::string& open, const std::string& inner) {
    std::string text;
    for (int i = 0; i < levels; ++i) text += open;
    text += inner;
    for (int i = 0; i < levels; ++i) text += "}";
    return text;
  };
  const auto deep_object = Decode("test.v2.everything", R"({"options": )" + objects(28, R"({"k": )", "1") + "}");
  ASSERT_TRUE(deep_object.ok());
  read.reset((*deep_object)->New());
  EXPECT_TRUE(read->ParseFromString((*deep_object)->SerializeAsString()));
  EXPECT_EQ(DecodedText("test.v2.everything", R"({"options": )" + objects(60, R"({"k": )", "1") + "}"),
            "error: RESULT_UNUSABLE");
  // A message that holds itself.
  std::string tree = "{}";
  for (int i = 0; i < 40; ++i) tree = R"({"branches": [)" + tree + "]}";
  EXPECT_EQ(DecodedText("test.v2.everything", R"({"tree": )" + tree + "}"), "error: RESULT_UNUSABLE");
}

// --- The documentation's own answers ---

TEST(DecodeResult, ReadsTheDocumentedAnswerOfSend) {
  EXPECT_EQ(DecodedText("imbot.v2.Chat.Message.send", R"({"id": 789, "uuidMap": {}})"), "id: 789");
  EXPECT_EQ(DecodedText("imbot.v2.Chat.Message.send", R"({"id": 789, "uuidMap": []})"), "id: 789");
  EXPECT_EQ(DecodedText("imbot.v2.Chat.Message.send",
                        R"({"id": "789", "uuidMap": {"0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f": "790"}})"),
            R"(id: 789 uuid_map { key: "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f" value: 790 })");
}

TEST(DecodeResult, ReadsTheDocumentedAnswersThatAreTrue) {
  for (const char* method :
       {"imbot.v2.Chat.Message.update", "imbot.v2.Chat.Message.delete", "imbot.v2.Bot.unregister", "imbot.update",
        "imbot.unregister", "imbot.message.update", "imbot.command.update", "imbot.app.update"}) {
    EXPECT_EQ(DecodedText(method, "true"), "result: true") << method;
    EXPECT_EQ(DecodedText(method, R"({"result": true})"), "result: true") << method;
  }
}

TEST(DecodeResult, ReadsTheDocumentedAnswersThatAreIds) {
  EXPECT_EQ(DecodedText("imbot.register", "39"), "bot_id: 39");
  EXPECT_EQ(DecodedText("imbot.message.add", "19880117"), "message_id: 19880117");
  EXPECT_EQ(DecodedText("imbot.command.register", "99"), "command_id: 99");
}

TEST(DecodeResult, ReadsTheDocumentedAnswerOfARegistration) {
  EXPECT_EQ(
      DecodedText(
          "imbot.v2.Bot.register",
          R"({"bot": {"id": 456,"code": "support_bot","type": "bot","isHidden": false,"isSupportOpenline": false,"isReactionsEnabled": true,
      "backgroundId": null,"language": "en","moduleId": "rest","eventMode": "fetch","countMessage": 0,"countCommand": 0,"countChat": 0,"countUser": 0},
      "users": [{"id": 456,"active": true,"name": "Support Bot","firstName": "Support","lastName": "Bot","workPosition": "AI Assistant","color": "#df532d","avatar": "","gender": "M",
      "birthday": "","extranet": false,"bot": true,"connector": false,"externalAuthId": "bot","status": "online","idle": false,"lastActivityDate": "2025-01-15T10:30:00+01:00",
      "absent": false,"departments": [1],"phones": false,"type": "bot"}]})"),
      R"(bot { id: 456 code: "support_bot" type: "bot" is_hidden: false is_support_openline: false is_reactions_enabled: true language: "en" module_id: "rest" )"
      R"(event_mode: "fetch" count_message: 0 count_command: 0 count_chat: 0 count_user: 0 } users { id: 456 active: true name: "Support Bot" first_name: "Support" )"
      R"(last_name: "Bot" work_position: "AI Assistant" color: "#df532d" avatar: "" gender: "M" birthday: "" extranet: false bot: true connector: false )"
      R"(external_auth_id: "bot" status: "online" last_activity_date { seconds: 1736933400 } departments: 1 type: "bot" })");
}

TEST(DecodeResult, ReadsTheDocumentedAnswerOfGet) {
  EXPECT_EQ(
      DecodedText(
          "imbot.v2.Chat.Message.get",
          R"({"message": {"id": 789,"chatId": 5,"authorId": 1,"date": "2026-03-19T14:30:00+02:00","text": "Hello! How are you?",
      "isSystem": false,"uuid": "","forward": null,"params": {},"viewedByOthers": true},"user": {"id": 1,"active": true,"name": "John Smith","bot": false,"type": "employee"}})"),
      R"(message { id: 789 chat_id: 5 author_id: 1 date { seconds: 1773923400 } text: "Hello! How are you?" is_system: false uuid: "" params { } viewed_by_others: true } )"
      R"(user { id: 1 active: true name: "John Smith" bot: false type: "employee" })");
}

TEST(DecodeResult, ReadsTheDocumentedListOfBotsAndAnEmptyOne) {
  EXPECT_EQ(DecodedText("imbot.bot.list", R"({"39": {"ID": 39,"NAME": "NewBot","CODE": "newbot","OPENLINE": "N"}})"),
            R"(bots { id: 39 name: "NewBot" code: "newbot" openline: false })");
  EXPECT_EQ(DecodedText("imbot.bot.list", "[]"), "");
}

TEST(DecodeResult, ReadsTheDocumentedCommandAndRevision) {
  EXPECT_EQ(
      DecodedText(
          "imbot.v2.Command.register",
          R"({"command": {"id": 42,"botId": 456,"command": "/help","common": false,"hidden": false,"extranetSupport": false}})"),
      R"(command { id: 42 bot_id: 456 command: "/help" common: false hidden: false extranet_support: false })");
  EXPECT_EQ(DecodedText("imbot.v2.Revision.get", R"({"rest": 33,"web": 130,"mobile": 23,"desktop": 6})"),
            "rest: 33 web: 130 mobile: 23 desktop: 6");
}

TEST(DecodeResult, NeverShowsTheTokenThatOlderPortalsLeak) {
  // rev33 answers bot.appId = "custom<botToken>" (WIRE_FACTS 6.1).
  const std::string text =
      DecodedText("imbot.v2.Bot.get", R"({"bot": {"id": 1, "appId": "customCANARY", "APP_ID": "customCANARY"}})");
  EXPECT_EQ(text, "bot { id: 1 }");
}

}  // namespace
}  // namespace imbot::translate
