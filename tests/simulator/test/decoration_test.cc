// Keyboards, menus, attachments, texts and templateIds. Expected values: pages message-keyboards.md, menu.md,
// attachments/, and WIRE_FACTS.md 3, 5 and 8.
#include <gtest/gtest.h>

#include <string>

#include "tests/simulator/methods/attach.h"
#include "tests/simulator/methods/keyboard.h"
#include "tests/simulator/methods/sending.h"

namespace simulator {
namespace {

Json Parse(const char* text) {
  return *ParseJson(text);
}

TEST(RenderKeyboard, FillsInTheDefaults) {
  const auto rendered = RenderKeyboard(Parse(R"([{"TEXT":" Open ","LINK":"https://example.com"}])"), 456);
  ASSERT_TRUE(rendered.has_value());
  EXPECT_EQ(*rendered,
            Parse(R"([{"BOT_ID":456,"TYPE":"BUTTON","LINK":"https://example.com","TEXT":"Open","VOTE":"N","BLOCK":"N",
      "WAIT":"N","CONTEXT":"ALL","DISABLED":"N","DISPLAY":"BLOCK","BG_COLOR_TOKEN":"base"}])"));
}

TEST(RenderKeyboard, TakesFullShortAndTextForms) {
  const char* const forms[] = {R"([{"TEXT":"a","LINK":"/x"}])", R"({"BOT_ID":1,"BUTTONS":[{"TEXT":"a","LINK":"/x"}]})",
                               R"("[{\"TEXT\":\"a\",\"LINK\":\"/x\"}]")",
                               R"("{\"BUTTONS\":[{\"TEXT\":\"a\",\"LINK\":\"/x\"}]}")"};
  const auto expected = RenderKeyboard(Parse(forms[0]), 7);
  ASSERT_TRUE(expected.has_value());
  for (const char* form : forms) EXPECT_EQ(RenderKeyboard(Parse(form), 7), expected) << form;
}

TEST(RenderKeyboard, DropsButtonsThatBreakARuleAndFailsWithoutAny) {
  const auto rendered = RenderKeyboard(Parse(R"([{"TEXT":"no action"},{"LINK":"/x"},{"TEXT":"a","LINK":"ftp://x"},
      {"TEXT":"b","ACTION":"JUMP","ACTION_VALUE":"x"},{"TEXT":"c","ACTION":"SEND","ACTION_VALUE":" "},{"TYPE":"NEWLINE"},
      {"TEXT":"good","COMMAND":"/help","COMMAND_PARAMS":"now","BLOCK":"Y"}])"),
                                       1);
  ASSERT_TRUE(rendered.has_value());
  ASSERT_EQ(rendered->size(), 2U);
  EXPECT_EQ((*rendered)[0], Parse(R"({"TYPE":"NEWLINE"})"));
  EXPECT_EQ((*rendered)[1]["COMMAND"], "help");
  EXPECT_EQ((*rendered)[1]["COMMAND_PARAMS"], "now");
  EXPECT_EQ((*rendered)[1]["BLOCK"], "Y");
  EXPECT_FALSE(RenderKeyboard(Parse(R"([{"TEXT":"no action"}])"), 1).has_value());
  EXPECT_FALSE(RenderKeyboard(Parse(R"("no json")"), 1).has_value());
  EXPECT_FALSE(RenderKeyboard(Parse(R"(5)"), 1).has_value());
}

TEST(RenderMenu, WrapsTheShortForm) {
  const auto rendered = RenderMenu(Parse(R"([{"TEXT":"Send","ACTION":"SEND","ACTION_VALUE":"Done"}])"), 3);
  ASSERT_TRUE(rendered.has_value());
  EXPECT_EQ(*rendered, *RenderMenu(Parse(R"({"ITEMS":[{"TEXT":"Send","ACTION":"SEND","ACTION_VALUE":"Done"}]})"), 3));
  EXPECT_EQ((*rendered)[0]["ACTION_VALUE"], "Done");
}

TEST(RenderAttach, KeepsAllSevenBlocks) {
  const auto rendered = RenderAttach(Parse(R"({"ID":1,"COLOR_TOKEN":"primary","COLOR":"#29619b","BLOCKS":[
      {"MESSAGE":"text"},{"LINK":{"NAME":"n","LINK":"https://a/"}},{"USER":{"NAME":"u","USER_ID":5}},
      {"GRID":[{"NAME":"a","VALUE":"b","DISPLAY":"LINE","WIDTH":100}]},{"IMAGE":{"LINK":"/i.png"}},{"FILE":{"LINK":"/f","SIZE":"9"}},
      {"DELIMITER":{"SIZE":0,"COLOR":"#c6c6c6"}}]})"));
  ASSERT_TRUE(rendered.has_value());
  EXPECT_EQ(*rendered, Parse(R"({"ID":1,"COLOR":"#29619b","COLOR_TOKEN":"primary","BLOCKS":[
      {"MESSAGE":"text"},{"LINK":[{"NAME":"n","LINK":"https://a/"}]},{"USER":[{"NAME":"u","AVATAR_TYPE":"USER","USER_ID":5}]},
      {"GRID":[{"DISPLAY":"LINE","NAME":"a","VALUE":"b","WIDTH":100,"COLOR_TOKEN":"base"}]},{"IMAGE":[{"LINK":"/i.png"}]},
      {"FILE":[{"LINK":"/f","SIZE":9}]},{"DELIMITER":{"SIZE":200,"COLOR":"#c6c6c6"}}]})"));
}

TEST(RenderAttach, FailsWhenNoBlockIsLeft) {
  EXPECT_FALSE(RenderAttach(Parse(R"([{"MESSAGE":"  "},{"IMAGE":{"LINK":"x"}},{"NOTHING":1}])")).has_value());
  EXPECT_FALSE(RenderAttach(Parse(R"("text")")).has_value());
  EXPECT_TRUE(RenderAttach(Parse(R"([{"MESSAGE":"short form"}])")).has_value());
}

TEST(NormalizeText, BreaksLinesTrimsAndCuts) {
  EXPECT_EQ(NormalizeText("  a[br]b[BR]c#BR#d\n"), "a\nb\nc\nd");
  const std::string fits(20'006, 'x');
  EXPECT_EQ(NormalizeText(fits), fits);
  EXPECT_EQ(NormalizeText(fits + "x"), std::string(20'000, 'x') + " (...)");
}

TEST(IsTemplateUuid, WantsLowerCaseVersionFour) {
  EXPECT_TRUE(IsTemplateUuid("0b9d1c9e-8a51-4d6b-9c6f-0123456789ab"));
  EXPECT_TRUE(IsTemplateUuid("0b9d1c9e-8a51-4d6b-bc6f-0123456789ab"));
  EXPECT_FALSE(IsTemplateUuid("0B9D1C9E-8A51-4D6B-9C6F-0123456789AB"));
  EXPECT_FALSE(IsTemplateUuid("0b9d1c9e-8a51-1d6b-9c6f-0123456789ab"));
  EXPECT_FALSE(IsTemplateUuid("0b9d1c9e-8a51-4d6b-7c6f-0123456789ab"));
  EXPECT_FALSE(IsTemplateUuid("0b9d1c9e8a514d6b9c6f0123456789ab"));
  EXPECT_FALSE(IsTemplateUuid(""));
}

}  // namespace
}  // namespace simulator
