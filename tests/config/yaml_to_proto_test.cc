#include "service/config/yaml_to_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/every_kind.pb.h"

namespace imbot::config {
namespace {

using ::testing::ElementsAre;
using testing::Everything;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

struct Outcome {
  bool good = false;
  Everything message;
  PlaceMap places;
  std::vector<Mistake> mistakes;

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const Mistake& mistake : mistakes) lines.push_back(mistake.ToString("f"));
    return lines;
  }
};

Outcome Read(std::string_view yaml) {
  Outcome outcome;
  const YamlHints hints{{{"imbot.config.testing.Inner", "write {left: TEXT}"}}};
  outcome.good = YamlToProto(yaml, hints, &outcome.message, &outcome.places, &outcome.mistakes);
  EXPECT_EQ(outcome.good, outcome.mistakes.empty());
  return outcome;
}

std::string OnlyMistake(std::string_view yaml) {
  const auto lines = Read(yaml).Lines();
  EXPECT_THAT(lines, SizeIs(1)) << yaml;
  return lines.empty() ? "" : lines[0];
}

TEST(YamlToProto, ReadsEveryKindOfField) {
  const Outcome outcome = Read(R"(
text: some text
flag: true
small: -2147483648
big: 9223372036854775807
natural: 4294967295
large: 18446744073709551615
real: -0.5
single: 1e3
colour: dark_red
wait: 1m30s
inner:
  name: "5"
  left: ""
texts: [a, 'b: c', "d\n"]
numbers:
- 1
- -2
inners: [{name: x}, {right: 3}]
colours: [blue, COLOUR_DARK_RED]
flags: [true, false]
waits: [0s, 250ms]
maybe: 0
)");
  ASSERT_THAT(outcome.Lines(), IsEmpty());
  const Everything& m = outcome.message;
  EXPECT_EQ(m.text(), "some text");
  EXPECT_TRUE(m.flag());
  EXPECT_EQ(m.small(), -2147483647 - 1);
  EXPECT_EQ(m.big(), 9223372036854775807);
  EXPECT_EQ(m.natural(), 4294967295u);
  EXPECT_EQ(m.large(), 18446744073709551615u);
  EXPECT_EQ(m.real(), -0.5);
  EXPECT_EQ(m.single(), 1000);
  EXPECT_EQ(m.colour(), testing::COLOUR_DARK_RED);
  EXPECT_EQ(m.wait().seconds(), 90);
  EXPECT_EQ(m.inner().name(), "5");
  EXPECT_TRUE(m.inner().has_left());
  EXPECT_EQ(m.inner().left(), "");
  EXPECT_THAT(m.texts(), ElementsAre("a", "b: c", "d\n"));
  EXPECT_THAT(m.numbers(), ElementsAre(1, -2));
  ASSERT_EQ(m.inners_size(), 2);
  EXPECT_EQ(m.inners(1).right(), 3);
  EXPECT_THAT(m.colours(), ElementsAre(testing::COLOUR_BLUE, testing::COLOUR_DARK_RED));
  EXPECT_THAT(m.flags(), ElementsAre(true, false));
  EXPECT_EQ(m.waits(1).nanos(), 250'000'000);
  EXPECT_TRUE(m.has_maybe());
}

TEST(YamlToProto, TakesWhatYamlReadsAsSomethingElseAsAText) {
  EXPECT_EQ(Read("text: 007").message.text(), "007");
  EXPECT_EQ(Read("text: true").message.text(), "true");
  EXPECT_EQ(Read("text: 2026-01-02").message.text(), "2026-01-02");
}

TEST(YamlToProto, InterpolatesNothing) {
  EXPECT_EQ(Read("text: ${HOME} $HOME {{ x }}").message.text(), "${HOME} $HOME {{ x }}");
}

TEST(YamlToProto, FollowsAnAnchor) {
  const Outcome outcome = Read("inners: [&a {name: x}, *a]");
  ASSERT_EQ(outcome.message.inners_size(), 2);
  EXPECT_EQ(outcome.message.inners(1).name(), "x");
}

TEST(YamlToProto, RemembersWhereEachFieldStands) {
  const Outcome outcome = Read("text: a\ninner:\n  name: b\ninners:\n  - name: c\n  - right: 1\n    name: d\n");
  const auto at = [&](std::string_view path) {
    const Place place = outcome.places.Find(path);
    return std::pair(place.line, place.column);
  };
  EXPECT_EQ(at("text"), std::pair(1, 1));
  EXPECT_EQ(at("inner.name"), std::pair(3, 3));
  EXPECT_EQ(at("inners[0].name"), std::pair(5, 5));
  EXPECT_EQ(at("inners[1].name"), std::pair(7, 5));
}

TEST(YamlToProto, ReportsEveryMistakeInTheOrderOfTheFile) {
  EXPECT_THAT(
      Read("flag: maybe\ntext: fine\nsmall: x\ninner:\n  nam: y\n  right: 1.5\n").Lines(),
      ElementsAre(
          "f:1:7: flag: not a boolean; write true or false",
          "f:3:8: small: not a whole number from -2147483648 to 2147483647; write it in decimal digits, without quotes",
          "f:5:3: inner.nam: unknown field; did you mean `name`?",
          "f:6:10: inner.right: not a whole number from -2147483648 to 2147483647; write it in decimal digits, without "
          "quotes"));
}

TEST(YamlToProto, KeepsWhatWasRightBesideAMistake) {
  const Outcome outcome = Read("text: fine\nflag: 1\nbig: 5\n");
  EXPECT_EQ(outcome.message.text(), "fine");
  EXPECT_EQ(outcome.message.big(), 5);
}

TEST(YamlToProto, ListsTheFieldsWhereNothingResembles) {
  EXPECT_EQ(OnlyMistake("inner: {something: 1}"),
            "f:1:9: inner.something: unknown field; the fields here are name, left, right");
}

TEST(YamlToProto, RefusesNumbersOutOfRangeOrOddlyWritten) {
  for (const char* const yaml : {"small: 2147483648", "big: 9223372036854775808", "natural: -1", "natural: 4294967296",
                                 "large: 18446744073709551616", "small: 0x10", "small: 1_000", "small: +1",
                                 "small: \"5\"", "small: '5'", "small: 1e3", "small: 5 apples"}) {
    EXPECT_THAT(OnlyMistake(yaml), HasSubstr("not a whole number")) << yaml;
  }
  for (const char* const yaml : {"real: x", "real: .5.", "real: \"0.5\"", "real: .inf", "real: nan", "real: inf"}) {
    EXPECT_THAT(OnlyMistake(yaml), HasSubstr("number")) << yaml;
  }
}

TEST(YamlToProto, RefusesOtherWordsForABoolean) {
  for (const char* const yaml : {"flag: yes", "flag: on", "flag: True", "flag: 1", "flag: \"\""}) {
    EXPECT_THAT(OnlyMistake(yaml), HasSubstr("write true or false")) << yaml;
  }
}

TEST(YamlToProto, NamesTheValuesOfAnEnum) {
  EXPECT_EQ(OnlyMistake("colour: green"), "f:1:9: colour: not one of the known values; write dark_red, blue");
  EXPECT_THAT(OnlyMistake("colour: unspecified"), HasSubstr("known values"));
  EXPECT_THAT(OnlyMistake("colour: 1"), HasSubstr("known values"));
}

TEST(YamlToProto, RefusesAKeyThatStandsTwice) {
  const Outcome outcome = Read("text: a\ninner: {name: x, name: y}\ntext: b\n");
  EXPECT_THAT(outcome.Lines(), ElementsAre("f:2:18: inner.name: stands here a second time; keep one",
                                           "f:3:1: text: stands here a second time; keep one"));
  EXPECT_EQ(outcome.message.text(), "a");
}

TEST(YamlToProto, RefusesTwoOfAOneof) {
  EXPECT_EQ(OnlyMistake("inner: {left: a, right: 1}"),
            "f:1:18: inner.right: stands beside `left`; write only one of them");
}

TEST(YamlToProto, RefusesAnEmptyValue) {
  for (const char* const yaml : {"text:", "text: ~", "text: null", "inner:", "inners:", "wait:"}) {
    EXPECT_THAT(OnlyMistake(yaml), HasSubstr("has no value")) << yaml;
  }
  EXPECT_THAT(OnlyMistake("texts: [a, ~]"), HasSubstr("f:1:12: texts[1]: an empty item"));
}

TEST(YamlToProto, RefusesTheWrongShape) {
  EXPECT_EQ(OnlyMistake("text: [a]"), "f:1:7: text: a list stands here; write a single value");
  EXPECT_EQ(OnlyMistake("text: {a: b}"), "f:1:7: text: fields stand here; write a single value");
  EXPECT_EQ(OnlyMistake("texts: a"), "f:1:8: texts: not a list; write each item on its own line after `- `");
  EXPECT_EQ(OnlyMistake("inner: [a]"), "f:1:8: inner: a list stands here; write fields: name, left, right");
  EXPECT_THAT(OnlyMistake("wait: [1s]"), HasSubstr("not a duration"));
  EXPECT_THAT(OnlyMistake("wait: {seconds: 1}"), HasSubstr("not a duration"));
  EXPECT_THAT(OnlyMistake("? [a, b]\n: c"), HasSubstr("a key is a list or a map"));
}

TEST(YamlToProto, TellsWhatToWriteInsteadOfAPlainValue) {
  EXPECT_EQ(OnlyMistake("inner: hunter2"), "f:1:8: inner: write {left: TEXT}");
}

TEST(YamlToProto, CountsItemsThatCouldNotBeRead) {
  const Outcome outcome = Read("inners:\n- x\n- {nam: y}\nnumbers: [a, 2]\nflags: [1, true]\ncolours: [x, blue]\n");
  EXPECT_THAT(outcome.mistakes, SizeIs(5));
  EXPECT_EQ(outcome.mistakes[1].path, "inners[1].nam");
  EXPECT_THAT(outcome.message.numbers(), ElementsAre(0, 2));
  EXPECT_THAT(outcome.message.flags(), ElementsAre(false, true));
  EXPECT_EQ(outcome.message.colours(1), testing::COLOUR_BLUE);
}

TEST(YamlToProto, NeverRepeatsAValue) {
  for (const char* const yaml :
       {"small: hunter2", "flag: hunter2", "colour: hunter2", "wait: hunter2", "inner: hunter2", "texts: hunter2",
        "real: hunter2", "hunter2: x", "Hunter2SecretText: x", "hunter2", "- hunter2", "inner: {right: hunter2}",
        "text: [hunter2]", "text: {hunter2: 1}"}) {
    for (const std::string& line : Read(yaml).Lines()) {
      EXPECT_THAT(line, Not(HasSubstr("unter2"))) << yaml;
    }
    EXPECT_FALSE(Read(yaml).good) << yaml;
  }
}

TEST(YamlToProto, SaysWhereItIsNoYaml) {
  EXPECT_THAT(OnlyMistake("text: a\ninner: {name: x\n"), HasSubstr("not YAML"));
  EXPECT_THAT(OnlyMistake("text: a\n\tflag: true\n"), HasSubstr("f:2:"));
  EXPECT_THAT(OnlyMistake("text: *nobody"), HasSubstr("not YAML"));
  EXPECT_THAT(OnlyMistake("text: \"open"), HasSubstr("not YAML"));
}

TEST(YamlToProto, WantsOneDocumentThatIsNotEmpty) {
  EXPECT_EQ(OnlyMistake(""), "f: the file is empty");
  EXPECT_EQ(OnlyMistake("# only a comment\n"), "f: the file is empty");
  EXPECT_THAT(OnlyMistake("text: a\n---\ntext: b\n"), HasSubstr("a second document begins"));
  EXPECT_THAT(OnlyMistake("just text"), HasSubstr("a single value stands here"));
}

// The library's scanner stands still at such a comma, and finds empty documents for ever.
TEST(YamlToProto, EndsWhereTheLibraryStandsStill) {
  EXPECT_THAT(OnlyMistake("!NUL,U"), HasSubstr("a second document begins"));
  EXPECT_THAT(OnlyMistake("text: a\n--- !a,\n"), HasSubstr("a second document begins"));
}

TEST(YamlToProto, EndsOnALoopOfAnchors) {
  // A node that holds itself; our messages are no deeper than their types, so reading it ends.
  EXPECT_FALSE(Read("inner: &a {inner: *a}").good);
  EXPECT_FALSE(Read("texts: &a [*a]").good);
}

TEST(YamlToProto, EndsOnVeryDeepNesting) {
  EXPECT_FALSE(Read("texts: " + std::string(100'000, '[')).good);
}

struct DurationCase {
  const char* text;
  int64_t seconds;
  int32_t nanos;
};

TEST(ParseDuration, ReadsUnitsFractionsAndSums) {
  for (const DurationCase& wanted : {DurationCase{"30s", 30, 0},
                                     {"250ms", 0, 250'000'000},
                                     {"1m30s", 90, 0},
                                     {"1.5s", 1, 500'000'000},
                                     {"0s", 0, 0},
                                     {"2h", 7200, 0},
                                     {"1h1m1s1ms1us1ns", 3661, 1'001'001},
                                     {"0.1s", 0, 100'000'000},
                                     {"1.000000001s", 1, 1},
                                     {"0.5m", 30, 0},
                                     {"2562047h", 9'223'369'200, 0}}) {
    int64_t seconds = -1;
    int32_t nanos = -1;
    EXPECT_TRUE(ParseDuration(wanted.text, &seconds, &nanos)) << wanted.text;
    EXPECT_EQ(seconds, wanted.seconds) << wanted.text;
    EXPECT_EQ(nanos, wanted.nanos) << wanted.text;
  }
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const char* const text :
       {"",    "30",  "s",   "-1s",   "+1s",  "1 s",  " 1s",  "1s ",      "1sec",
        "1d",  "1.s", ".5s", "1..5s", "1e3s", "1,5s", "1m30", "2562048h", "99999999999999999999s",
        "inf", "1S"}) {
    int64_t seconds = 0;
    int32_t nanos = 0;
    EXPECT_FALSE(ParseDuration(text, &seconds, &nanos)) << text;
  }
}

}  // namespace
}  // namespace imbot::config
