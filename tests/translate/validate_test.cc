#include "service/translate/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "google/protobuf/unknown_field_set.h"
#include "tests/support/request_generator.h"
#include "tests/translate/method_fixture.h"

namespace imbot::translate {
namespace {

using test::translate::v1::EverythingRequest;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

absl::Status Check(std::string_view method, const std::string& request) {
  return Validate(Method(method), *Request(Method(method), request));
}
std::vector<std::string> Paths(std::string_view method, const std::string& request) {
  return ViolationPaths(Check(method, request));
}

// What every request of the testing contract needs.
constexpr char kNeeded[] = R"(bot: "acme/support" text: "t" needed: "n" )";
std::vector<std::string> TestPaths(const std::string& request) {
  return Paths("test.v2.everything", kNeeded + request);
}
std::vector<std::string> TestPaths(const EverythingRequest& request) {
  return ViolationPaths(Validate(Method("test.v2.everything"), request));
}
EverythingRequest Needed() {
  EverythingRequest request;
  request.set_bot("acme/support");
  request.set_text("t");
  request.add_needed("n");
  return request;
}

TEST(CountCharacters, CountsCodePoints) {
  EXPECT_EQ(CountCharacters(""), 0u);
  EXPECT_EQ(CountCharacters("abc"), 3u);
  EXPECT_EQ(CountCharacters("Привет"), 6u);
  EXPECT_EQ(CountCharacters("日本"), 2u);
  EXPECT_EQ(CountCharacters("👋"), 1u);
  EXPECT_EQ(CountCharacters("👨‍👩‍👧"), 5u);  // three people and two joiners
  EXPECT_EQ(CountCharacters("e\xCC\x81"), 2u);           // a letter and its accent
}

TEST(Validate, AcceptsWhatKeepsEveryRule) {
  EXPECT_TRUE(Check("test.v2.everything", kNeeded).ok());
  EXPECT_TRUE(Check("test.v1.everything", kNeeded).ok());
}

TEST(Validate, SaysWhatIsWrongOnceInTheTextAndWhollyInTheDetails) {
  const absl::Status status = Check("test.v2.everything", R"(bot: "acme/support" needed: "n" number: 6 data: "x")");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::ReasonOf(status), "VALIDATION_FAILED");
  EXPECT_EQ(base::OutcomeOf(status), "NOT_EXECUTED");
  EXPECT_EQ(status.message(), "test.v2.everything: text is required (and 2 more; see the BadRequest detail)");
  EXPECT_THAT(ViolationPaths(status), ElementsAre("text", "data", "number"));
}

TEST(Validate, RequiresTheBot) {
  EXPECT_THAT(Paths("imbot.v2.Bot.unregister", ""), ElementsAre("bot"));
  EXPECT_THAT(Paths("imbot.v2.Bot.unregister", R"(bot: "")"), ElementsAre("bot"));
  EXPECT_THAT(Paths("imbot.v2.Bot.unregister", R"(bot: "support")"), IsEmpty());
}

TEST(Validate, LeavesThePortalOutWhereTheDefaultPortalMayBeMeant) {
  // The contract: "empty for the default portal"; whether there is one is the handler's to know.
  EXPECT_THAT(Paths("imbot.v2.Revision.get", ""), IsEmpty());
}

TEST(Validate, RequiresATextAListAndAMessage) {
  EXPECT_THAT(Paths("test.v2.everything", R"(bot: "b")"), ElementsAre("text", "needed"));
  EXPECT_THAT(Paths("test.v2.everything", R"(bot: "b" text: "" needed: "")"), ElementsAre("text", "needed[0]"));
  EXPECT_THAT(TestPaths("inner {}"), ElementsAre("inner.TITLE"));
  EXPECT_THAT(Paths("imbot.v2.Chat.Message.send", R"(bot: "b" dialog_id: "1")"), ElementsAre("fields"));
}

TEST(Validate, CountsCharactersOfTextAndBytesOfBytes) {
  EXPECT_THAT(Paths("test.v2.everything", R"(bot: "b" needed: "n" text: "Приве")"), IsEmpty());
  EXPECT_THAT(Paths("test.v2.everything", R"(bot: "b" needed: "n" text: "👋👋👋👋👋")"), IsEmpty());
  EXPECT_THAT(Paths("test.v2.everything", R"(bot: "b" needed: "n" text: "Привет")"), ElementsAre("text"));
  EXPECT_THAT(Paths("test.v2.everything", R"(bot: "b" needed: "n" text: "👋👋👋👋👋👋")"), ElementsAre("text"));
  EXPECT_THAT(TestPaths(R"(data: "\xff\xff\xff\xff")"), IsEmpty());
  EXPECT_THAT(TestPaths(R"(data: "\xff\xff\xff\xff\xff")"), ElementsAre("data"));
  EXPECT_THAT(TestPaths(R"(data: "\xff")"), ElementsAre("data"));
  EXPECT_THAT(TestPaths(R"(data: "")"), ElementsAre("data"));
}

TEST(Validate, TellsLengthAndLimit) {
  EXPECT_EQ(ViolationText(Check("test.v2.everything", R"(bot: "b" needed: "n" text: "Привет")"), "text"),
            "has 6 characters, at most 5 are allowed");
  EXPECT_EQ(ViolationText(Check("test.v2.everything", std::string(kNeeded) + R"(data: "x")"), "data"),
            "has 1 bytes, at least 2 are needed");
  EXPECT_EQ(ViolationText(Check("test.v2.everything", std::string(kNeeded) + R"(words: ["a", "b", "c"])"), "words"),
            "has 3 items, at most 2 are allowed");
  EXPECT_EQ(ViolationText(Check("test.v2.everything", std::string(kNeeded) + R"(note: "")"), "note"),
            "must not be empty");
  EXPECT_EQ(ViolationText(Check("test.v2.everything", std::string(kNeeded) + "number: 6"), "number"),
            "is 6, the greatest is 5");
  EXPECT_EQ(ViolationText(Check("test.v2.everything", std::string(kNeeded) + "number: -6"), "number"),
            "is -6, the least is -5");
  EXPECT_EQ(ViolationText(Check("test.v2.everything", std::string(kNeeded) + "shade: SHADE_UNSPECIFIED"), "shade"),
            "must be one of lightBlue, BOT-admin");
}

TEST(Validate, NeverRepeatsASecretInWhatItSays) {
  const absl::Status status = Check("test.v2.everything", std::string(kNeeded) + R"(hash: "canary-value")");
  EXPECT_THAT(ViolationPaths(status), ElementsAre("hash"));
  EXPECT_EQ(status.ToString().find("canary-value"), std::string::npos);
}

TEST(Validate, CountsItemsOfListsAndEntriesOfMaps) {
  EXPECT_THAT(TestPaths(R"(words: ["a", "b"] titles { key: "en" value: "" } titles { key: "de" value: "" })"),
              IsEmpty());
  EXPECT_THAT(TestPaths(R"(words: ["a", "b", "c"])"), ElementsAre("words"));
  EXPECT_THAT(TestPaths(R"(titles { key: "en" } titles { key: "de" } titles { key: "fr" })"), ElementsAre("titles"));
}

TEST(Validate, AppliesLimitsOfAListToItsSizeAndNotToItsValues) {
  EXPECT_THAT(TestPaths("ratios: [0, 100] numbers: [-7, 100]"), IsEmpty());
  EXPECT_THAT(TestPaths("ratios: 2 numbers: 2"), UnorderedElementsAre("ratios", "numbers"));
  EXPECT_THAT(TestPaths("ratios: [2, 2, 2, 2] numbers: [2, 2, 2, 2]"), UnorderedElementsAre("ratios", "numbers"));
}

TEST(Validate, HoldsNumbersToTheirRange) {
  EXPECT_THAT(TestPaths("number: -5"), IsEmpty());
  EXPECT_THAT(TestPaths("number: 5 ratio: 10"), IsEmpty());
  EXPECT_THAT(TestPaths("number: -6 ratio: 10.5"), ElementsAre("number", "ratio"));
  EXPECT_THAT(TestPaths("number: 6 ratio: -0.5"), ElementsAre("number", "ratio"));
}

TEST(Validate, RefusesNumbersThatJsonDoesNotHave) {
  for (const char* bad : {"nan", "inf", "-inf"}) {
    EXPECT_THAT(TestPaths(std::string("ratio: ") + bad), ElementsAre("ratio"));
    EXPECT_THAT(TestPaths(std::string("ratios: [0, ") + bad + "]"), ElementsAre("ratios[1]"));
    EXPECT_THAT(TestPaths(std::string("any { number_value: ") + bad + "}"), ElementsAre("any"));
    EXPECT_THAT(
        TestPaths(std::string("options { fields { key: \"a\" value { list_value { values {} values { number_value: ") +
                  bad + "} } } } }"),
        ElementsAre("options.a[1]"));
    EXPECT_THAT(TestPaths(std::string("things { values { number_value: 1 } values { struct_value { fields { key: \"n\" "
                                      "value { number_value: ") +
                          bad + "} } } } }"),
                ElementsAre("things[1].n"));
  }
}

TEST(Validate, MatchesThePatternAgainstTheWholeTextEachItemAndEachKey) {
  EXPECT_THAT(TestPaths(R"(words: ["abc", "d"])"), IsEmpty());
  EXPECT_THAT(TestPaths(R"(words: ["abc", "d!"])"), ElementsAre("words[1]"));
  EXPECT_THAT(TestPaths(R"(words: ["Abc", ""])"), ElementsAre("words[0]", "words[1]"));
  EXPECT_THAT(TestPaths(R"(titles { key: "en" value: "!" })"), IsEmpty());
  EXPECT_THAT(TestPaths(R"(titles { key: "eng" value: "x" })"), ElementsAre("titles[eng]"));
  // A last line break is not left out of the match.
  EXPECT_THAT(TestPaths(R"(words: "abc\n")"), ElementsAre("words[0]"));
}

TEST(Validate, RefusesAnEmptyKey) {
  EXPECT_THAT(TestPaths(R"(labels { key: "" value: "x" })"), ElementsAre("labels"));
}

TEST(Validate, RefusesUnspecifiedAndUnknownValuesOfAnEnum) {
  EXPECT_THAT(TestPaths("shade: SHADE_UNSPECIFIED"), ElementsAre("shade"));
  EverythingRequest request = Needed();
  request.set_shade(static_cast<test::translate::v1::Shade>(3));
  request.add_shades(test::translate::v1::SHADE_LIGHT_BLUE);
  request.add_shades(test::translate::v1::SHADE_UNSPECIFIED);
  (*request.mutable_shade_by_name())["x"] = static_cast<test::translate::v1::Shade>(-1);
  EXPECT_THAT(TestPaths(request), ElementsAre("shade", "shades[1]", "shadeByName[x]"));
}

TEST(Validate, RefusesFieldsOfALaterContractAtEveryLevel) {
  EverythingRequest request = Needed();
  request.GetReflection()->MutableUnknownFields(&request)->AddVarint(9999, 1);
  auto* inner = request.mutable_inner();
  inner->set_title("t");
  inner->GetReflection()->MutableUnknownFields(inner)->AddLengthDelimited(77, "x");
  auto* branch = request.mutable_tree()->add_branches();
  branch->GetReflection()->MutableUnknownFields(branch)->AddVarint(5, 1);
  const absl::Status status = Validate(Method("test.v2.everything"), request);
  EXPECT_THAT(ViolationPaths(status), ElementsAre("(request)", "inner", "tree.branches[0]"));
  EXPECT_THAT(ViolationText(status, "inner"), HasSubstr("field number 77"));
}

TEST(Validate, RefusesToClearAndSetTheSame) {
  EXPECT_THAT(TestPaths(R"(keyboard: "k" remove_keyboard: true)"), ElementsAre("removeKeyboard"));
  EXPECT_THAT(TestPaths(R"(keyboard: "" remove_keyboard: true)"), ElementsAre("removeKeyboard"));
  EXPECT_THAT(TestPaths(R"(keyboard: "k" remove_keyboard: false)"), IsEmpty());
  EXPECT_THAT(TestPaths(R"(remove_keyboard: true)"), IsEmpty());
  EXPECT_THAT(
      Paths(
          "imbot.v2.Chat.Message.update",
          R"(bot: "b" message_id: 1 fields { message: "m" delete_message: true keyboard { buttons { text: "t" link: "/x" } } remove_keyboard: true attach { blocks { message: "x" } } remove_attach: true })"),
      ElementsAre("fields.deleteMessage", "fields.removeAttach", "fields.removeKeyboard"));
  EXPECT_THAT(
      Paths("imbot.v2.Bot.update", R"(bot: "b" fields { background_id: BACKGROUND_AZURE remove_background_id: true })"),
      ElementsAre("fields.removeBackgroundId"));
}

TEST(Validate, RefusesToRemoveAndSetTheSameKey) {
  EXPECT_THAT(TestPaths(R"(labels { key: "a" value: "A" } remove_labels: ["b", "a"])"), ElementsAre("removeLabels[1]"));
  EXPECT_THAT(Paths("imbot.v2.Command.update",
                    R"(bot: "b" command_id: 42 fields { title { key: "en" value: "Help" } remove_title: "en" })"),
              ElementsAre("fields.removeTitle[0]"));
}

TEST(Validate, RefusesAnEmptyKeyAndARepeatAmongTheKeysThatAreRemoved) {
  // Both would make JSON that a reader takes otherwise.
  EXPECT_THAT(TestPaths(R"(remove_labels: ["a", ""])"), ElementsAre("removeLabels[1]"));
  EXPECT_THAT(TestPaths(R"(remove_labels: ["a", "a"])"), ElementsAre("removeLabels[1]"));
}

TEST(Validate, ChecksAnInlineMessageWithoutALevelOfItsOwn) {
  EXPECT_THAT(TestPaths("script {}"), ElementsAre("JS_METHOD"));
  EXPECT_THAT(TestPaths(R"(frame { iframe: "x" iframe_width: 249 })"), ElementsAre("IFRAME_WIDTH"));
  EXPECT_THAT(
      Paths(
          "imbot.app.register",
          R"(bot: "b" code: "c" iframe_app { iframe: "http://e" iframe_width: 1 hash: "123456789012345678901234567890123" })"),
      ElementsAre("IFRAME", "IFRAME_WIDTH", "HASH"));
}

TEST(Validate, RefusesInstantsThatNoDateHas) {
  EXPECT_THAT(TestPaths("at { seconds: 253402300799 nanos: 999999999 }"), IsEmpty());
  EXPECT_THAT(TestPaths("at { seconds: -62135596800 }"), IsEmpty());
  EXPECT_THAT(TestPaths("at { seconds: 253402300800 }"), ElementsAre("at"));
  EXPECT_THAT(TestPaths("at { seconds: -62135596801 }"), ElementsAre("at"));
  EXPECT_THAT(TestPaths("at { nanos: -1 }"), ElementsAre("at"));
  EXPECT_THAT(TestPaths("dates {} dates { nanos: 1000000000 }"), ElementsAre("dates[1]"));
}

TEST(Validate, RefusesUserDefinedValuesThatNestTooDeep) {
  const auto nested = [](int levels) {
    std::string text = "any { ";
    for (int i = 1; i < levels; ++i) text += "list_value { values { ";
    text += "string_value: \"x\"";
    for (int i = 1; i < levels; ++i) text += " } }";
    return text + " }";
  };
  EXPECT_THAT(TestPaths(nested(30)), IsEmpty());
  EXPECT_EQ(TestPaths(nested(31)).size(), 1u);
  EXPECT_THAT(TestPaths(nested(31))[0], testing::StartsWith("any["));
  // Told once, however many values are too deep.
  EverythingRequest request = Needed();
  auto* value = request.mutable_any();
  for (int i = 0; i < 31; ++i)
    value = (*value->mutable_struct_value()->mutable_fields())["k"].mutable_list_value()->add_values();
  for (int i = 0; i < 5; ++i)
    (*value->mutable_struct_value()->mutable_fields())[std::string(1, static_cast<char>('a' + i))].set_bool_value(true);
  EXPECT_EQ(TestPaths(request).size(), 1u);
}

TEST(Validate, NamesItemsAndEntriesByIndexAndKey) {
  EXPECT_THAT(TestPaths(R"(inners { title: "a" } inners {} inner_by_name { key: "k" value { title: "12345678901" } })"),
              ElementsAre("innerByName[k].TITLE", "inners[1].TITLE"));
}

TEST(Validate, HasTheSamePathsInBothDialects) {
  EXPECT_THAT(Paths("test.v1.everything", std::string(kNeeded) + R"(inners {} number: 9 words: "!")"),
              ElementsAre("words[0]", "number", "inners[0].TITLE"));
}

// --- The contract's own rules across fields ---

TEST(Validate, NamesPathsInsideKeyboardsAttachmentsAndLists) {
  EXPECT_THAT(
      Paths(
          "imbot.v2.Chat.Message.send",
          R"(bot: "b" dialog_id: "1" fields { keyboard { buttons { text: "ok" link: "/x" } buttons { command: "help" } } attach { blocks { message: "x" } blocks { message: "y" } blocks {} } })"),
      ElementsAre("fields.attach.BLOCKS[2]", "fields.keyboard.BUTTONS[1].TEXT"));
  EXPECT_THAT(Paths("imbot.command.update", R"(bot: "b" command_id: 1 fields { lang { language_id: "en" } })"),
              ElementsAre("FIELDS.LANG[0].TITLE"));
  EXPECT_THAT(
      Paths(
          "imbot.message.add",
          R"(bot: "b" message: "m" attach { blocks { message: "x" } blocks { message: "x" } blocks { delimiter {} message: "x" } })"),
      ElementsAre("ATTACH.BLOCKS[2]"));
}

std::vector<std::string> ButtonPaths(const std::string& button) {
  return Paths("imbot.message.add", R"(bot: "b" message: "m" keyboard { buttons { )" + button + " } }");
}

TEST(Validate, LetsALineBreakStandAloneOnly) {
  EXPECT_THAT(ButtonPaths("type: BUTTON_TYPE_NEWLINE"), IsEmpty());
  EXPECT_THAT(ButtonPaths(R"(type: BUTTON_TYPE_NEWLINE text: "t" width: 5)"),
              ElementsAre("KEYBOARD.BUTTONS[0].TEXT", "KEYBOARD.BUTTONS[0].WIDTH"));
}

TEST(Validate, WantsATextAndExactlyOneActionOfAButton) {
  EXPECT_THAT(ButtonPaths(R"(text: "t" link: "https://e.com")"), IsEmpty());
  EXPECT_THAT(ButtonPaths(R"(text: "t" command: "c" command_params: "p" block: true)"), IsEmpty());
  EXPECT_THAT(ButtonPaths(R"(text: "t" action: CLIENT_ACTION_PUT action_value: "v")"), IsEmpty());
  EXPECT_THAT(ButtonPaths(R"(text: "t" app_id: 1 app_params: "p")"), IsEmpty());
  EXPECT_THAT(ButtonPaths(R"(text: "t")"), ElementsAre("KEYBOARD.BUTTONS[0]"));
  EXPECT_THAT(ButtonPaths(R"(text: "t" link: "/x" command: "c")"), ElementsAre("KEYBOARD.BUTTONS[0]"));
  EXPECT_THAT(ButtonPaths(R"(link: "/x")"), ElementsAre("KEYBOARD.BUTTONS[0].TEXT"));
  EXPECT_THAT(ButtonPaths(""), ElementsAre("KEYBOARD.BUTTONS[0].TEXT", "KEYBOARD.BUTTONS[0]"));
}

TEST(Validate, TakesAnEmptyTextOrActionOfAButtonForNone) {
  // The portal drops such a button without a word.
  EXPECT_THAT(ButtonPaths(R"(text: "" link: "/x")"), ElementsAre("KEYBOARD.BUTTONS[0].TEXT"));
  EXPECT_THAT(ButtonPaths(R"(text: "t" command: "")"), ElementsAre("KEYBOARD.BUTTONS[0]"));
  EXPECT_THAT(ButtonPaths(R"(text: "t" action: CLIENT_ACTION_PUT action_value: "")"),
              ElementsAre("KEYBOARD.BUTTONS[0].ACTION_VALUE"));
}

TEST(Validate, WantsTheFieldsOfAnActionTogether) {
  EXPECT_THAT(ButtonPaths(R"(text: "t" action: CLIENT_ACTION_PUT)"), ElementsAre("KEYBOARD.BUTTONS[0].ACTION_VALUE"));
  EXPECT_THAT(ButtonPaths(R"(text: "t" link: "/x" action_value: "v")"), ElementsAre("KEYBOARD.BUTTONS[0].ACTION"));
  EXPECT_THAT(ButtonPaths(R"(text: "t" link: "/x" command_params: "p")"), ElementsAre("KEYBOARD.BUTTONS[0].COMMAND"));
  EXPECT_THAT(ButtonPaths(R"(text: "t" link: "/x" app_params: "p")"), ElementsAre("KEYBOARD.BUTTONS[0].APP_ID"));
}

TEST(Validate, ChecksTheItemsOfAMenuAlikeAndTellsEachMistakeOnce) {
  const auto item = [](const std::string& fields) {
    return Paths("imbot.message.add", R"(bot: "b" message: "m" menu { items { )" + fields + " } }");
  };
  EXPECT_THAT(item(R"(text: "t" link: "/x")"), IsEmpty());
  EXPECT_THAT(item(R"(link: "/x")"), ElementsAre("MENU.ITEMS[0].TEXT"));
  EXPECT_THAT(item(R"(text: "" link: "/x")"), ElementsAre("MENU.ITEMS[0].TEXT"));
  EXPECT_THAT(item(R"(text: "t" link: "/x" app_id: 1)"), ElementsAre("MENU.ITEMS[0]"));
  EXPECT_THAT(item(R"(text: "t" action: CLIENT_ACTION_SEND)"), ElementsAre("MENU.ITEMS[0].ACTION_VALUE"));
}

TEST(Validate, WantsExactlyOneBlockOfAnAttachmentsElement) {
  const auto block = [](const std::string& fields) {
    return Paths("imbot.message.add", R"(bot: "b" message: "m" attach { blocks { )" + fields + " } }");
  };
  EXPECT_THAT(block("delimiter {}"), IsEmpty());
  EXPECT_THAT(block(""), ElementsAre("ATTACH.BLOCKS[0]"));
  EXPECT_THAT(block(R"(message: "x" delimiter {})"), ElementsAre("ATTACH.BLOCKS[0]"));
  EXPECT_THAT(block(R"(grid { display: GRID_DISPLAY_ROW } image { link: "/x" })"), ElementsAre("ATTACH.BLOCKS[0]"));
  EXPECT_THAT(block(R"(image { link: "ftp://x" })"), ElementsAre("ATTACH.BLOCKS[0].IMAGE[0].LINK"));
}

TEST(Validate, WantsALowerCaseUuidOfVersionFourFromTheCaller) {
  const auto with_id = [](const std::string& id) {
    return Paths("imbot.v2.Chat.Message.send",
                 R"(bot: "b" dialog_id: "1" fields { message: "m" template_id: ")" + id + "\" }");
  };
  EXPECT_THAT(with_id("0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f"), IsEmpty());
  for (const char* bad : {"", "0B7C2D5E-6F3A-4C1D-9E8F-7A6B5C4D3E2F", "0b7c2d5e-6f3a-1c1d-9e8f-7a6b5c4d3e2f",
                          "0b7c2d5e-6f3a-4c1d-7e8f-7a6b5c4d3e2f", "0b7c2d5e6f3a4c1d9e8f7a6b5c4d3e2f",
                          "0b7c2d5e-6f3a-4c1d-9e8f-7a6b5c4d3e2f "}) {
    EXPECT_THAT(with_id(bad), ElementsAre("fields.templateId")) << bad;
  }
}

TEST(Validate, RefusesAnEmptyTextInAnUpdateSinceItWouldDeleteTheMessage) {
  EXPECT_THAT(Paths("imbot.v2.Chat.Message.update", R"(bot: "b" message_id: 1 fields { message: "" })"),
              ElementsAre("fields.message"));
  EXPECT_THAT(Paths("imbot.message.update", R"(bot: "b" message_id: 1 message: "")"), ElementsAre("MESSAGE"));
  EXPECT_THAT(Paths("imbot.v2.Chat.Message.update", R"(bot: "b" message_id: 1 fields { delete_message: true })"),
              IsEmpty());
}

TEST(Validate, CountsTwentyThousandCharactersOfAMessage) {
  const auto send = [](const std::string& message) {
    return Paths("imbot.v2.Chat.Message.send", R"(bot: "b" dialog_id: "1" fields { message: ")" + message + "\" }");
  };
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "ж";
  EXPECT_THAT(send(text), IsEmpty());
  EXPECT_THAT(send(text + "ж"), ElementsAre("fields.message"));
}

// --- Every rule of every field of every method ---

TEST(RequestGenerator, MakesAValidRequestOfEveryMethod) {
  for (const auto& method : TestTable().methods()) {
    const auto request = testing_support::ValidRequest(*method->descriptor);
    const absl::Status status = Validate(*method, *request);
    EXPECT_TRUE(status.ok()) << method->name() << ": " << status << "\n" << request->DebugString();
  }
}

TEST(Validate, FindsEachBreachOfEachRuleOfEachFieldAndNamesItsPathAlone) {
  size_t breaches = 0;
  for (const auto& method : TestTable().methods()) {
    if (method->descriptor->file()->package().starts_with("imbot.test.")) continue;
    for (const auto& breach : testing_support::Breaches(*method->descriptor)) {
      ++breaches;
      const absl::Status status = Validate(*method, *breach.request);
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << breach.what;
      const auto paths = ViolationPaths(status);
      EXPECT_FALSE(paths.empty()) << breach.what;
      EXPECT_THAT(paths, Each(breach.path)) << breach.what << "\n" << breach.request->ShortDebugString().substr(0, 500);
    }
  }
  // The contract's rules are many: a generator that lost sight of them would pass with none.
  EXPECT_GT(breaches, 600u);
}

TEST(RequestGenerator, BreaksEveryKindOfRule) {
  std::set<std::string> rules;
  for (const auto& breach :
       testing_support::Breaches(*EverythingRequest::descriptor()->file()->service(0)->method(0))) {
    rules.insert(breach.what.substr(0, breach.what.find(" of ")) + " @ " + breach.path);
  }
  for (const char* rule : {"required: whom the request is for @ bot",
                           "required @ text",
                           "required, so not empty, @ text",
                           "required @ needed",
                           "required, so not empty, @ needed[0]",
                           "required @ inner.TITLE",
                           "required @ inners[0].TITLE",
                           "required @ JS_METHOD",
                           "max_length @ text",
                           "max_length @ data",
                           "max_length @ words",
                           "max_length @ titles",
                           "max_length @ hash",
                           "max_length @ inner.TITLE",
                           "min @ number",
                           "max @ number",
                           "min @ ratio",
                           "max @ ratio",
                           "min @ data",
                           "min @ note",
                           "min @ ratios",
                           "min @ IFRAME_WIDTH",
                           "pattern @ words[0]",
                           "pattern @ titles[/]",
                           "value 0 @ shade",
                           "value 999 @ shade",
                           "value 0 @ shades[0]",
                           "value 999 @ shadeByName[x]",
                           "required @ innerByName[x].TITLE"}) {
    EXPECT_THAT(rules, testing::Contains(rule));
  }
}

}  // namespace
}  // namespace imbot::translate
