#include "service/translate/portal_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace imbot::translate {
namespace {

std::string Clean(std::string_view text) {
  const PortalText clean = CleanPortalText(text);
  return clean.withheld ? "(withheld)" : clean.text;
}

TEST(PortalText, DocumentedTextsPassUnchanged) {
  const char* texts[] = {
      "Bot is not a participant in the chat",
      "Could not find value for parameter {dialogId}",
      "The request requires higher privileges than provided by the webhook token",
      "Unable to get application by token",
      "Access denied! Client ID not specified",
      "Bot token is not specified",
      "Has reached the maximum number of bots for application (max: 100)",
      "Handler for \"Message add\" event isn't specified",
      "Record with ID = `28` not found.",
      "Avatar incorrect size (max 5000x5000)",
      "Текст в портале: доступ запрещён",
      "Message a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 not found",
      "Current authorization type is denied for this method",
  };
  for (const char* text : texts) EXPECT_EQ(Clean(text), text);
}

TEST(PortalText, BecomesOneCleanLine) {
  EXPECT_EQ(Clean("  a\r\n\tb  c \n"), "a b c");
  EXPECT_EQ(Clean(std::string_view("a\0b", 3)), "a b");
  EXPECT_EQ(Clean("a\x1B[31mb\x7F"), "a [31mb");
  EXPECT_EQ(Clean("a\xC2\x85"
                  "b\xE2\x80\xA8"
                  "c\xE2\x80\xAE"
                  "d\xE2\x80\x8B"
                  "e"),
            "a b c d e");  // NEL, LS, RLO, zero width
  EXPECT_EQ(Clean("a\xFF"
                  "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(Clean("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(Clean("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  EXPECT_EQ(Clean("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut
  EXPECT_EQ(Clean("\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(Clean(""), "");
  EXPECT_EQ(Clean(" \n "), "");
}

TEST(PortalText, IsCutTo512Characters) {
  EXPECT_EQ(Clean(std::string(512, '.')), std::string(512, '.'));
  EXPECT_EQ(Clean(std::string(513, '.')), std::string(511, '.') + "\xE2\x80\xA6");
  std::string cyrillic;
  for (int i = 0; i < 600; ++i) cyrillic += "я";
  EXPECT_EQ(Clean(cyrillic), cyrillic.substr(0, 511 * 2) + "\xE2\x80\xA6");
}

TEST(PortalText, IsCutTo1100BytesBetweenCharacters) {
  std::string emoji;
  for (int i = 0; i < 500; ++i) emoji += "\xF0\x9F\x98\x80";
  const std::string clean = Clean(emoji);
  EXPECT_EQ(clean, emoji.substr(0, 274 * 4) + "\xE2\x80\xA6");
}

TEST(PortalText, HidesWebhookPaths) {
  EXPECT_EQ(Clean("https://acme.bitrix24.com/rest/1/hook/imbot.bot.list?x=1 failed"),
            "https://acme.bitrix24.com/rest/*** failed");
  EXPECT_EQ(Clean("POST /rest/login/hook/ (405)"), "POST /rest/*** (405)");
  EXPECT_EQ(Clean("\"https:\\/\\/a.b\\/rest\\/1\\/hook\\/x\""), "\"https:\\/\\/a.b\\/rest\\/***\"");
  EXPECT_EQ(Clean("u=https%3A%2F%2Fa.b%2Frest%2F1%2Fhook%2Fx&y"), "u=https%3A%2F%2Fa.b%2Frest%2F***");
  EXPECT_EQ(Clean("/REST/1/hook/x and /rest/2/hook/y"), "/REST/*** and /rest/***");
  EXPECT_EQ(Clean("/rest/"), "/rest/");
}

TEST(PortalText, HidesWhatIsAssignedToASecretsName) {
  EXPECT_EQ(Clean("auth=abc&x=1"), "auth=***&x=1");
  EXPECT_EQ(Clean("AUTH=abc, x"), "AUTH=***, x");
  EXPECT_EQ(Clean("{\"botToken\":\"abc\",\"x\":1}"), "{\"botToken\":\"***\",\"x\":1}");
  EXPECT_EQ(Clean("{\\\"BOT_TOKEN\\\":\\\"abc\\\"}"), "{\\\"BOT_TOKEN\\\":\\\"***\\\"}");
  EXPECT_EQ(Clean("CLIENT_ID: abc."), "CLIENT_ID: ***");
  EXPECT_EQ(Clean("client_id = 'abc'"), "client_id = '***'");
  EXPECT_EQ(Clean("auth[access_token]=abc"), "auth[access_token]=***");
  EXPECT_EQ(Clean("auth%5Baccess_token%5D%3Dabc"), "auth%5Baccess_token%5D%3Dabc")
      << "no name stands alone here; see the next test";
  EXPECT_EQ(Clean("access_token%3Dabc"), "access_token%3D***");
  EXPECT_EQ(Clean("Authorization: Bearer abc"), "Authorization: Bearer ***");
  EXPECT_EQ(Clean("refresh_token=abc&client_secret=def"), "refresh_token=***&client_secret=***");
  EXPECT_EQ(Clean("application_token=abc"), "application_token=***");
}

TEST(PortalText, HidesWhatTheBinderRefused) {
  EXPECT_EQ(Clean("Invalid value {abc} to match with parameter {botToken}. Should be value of type string."),
            "Invalid value {***} to match with parameter {botToken}. Should be value of type string.");
  EXPECT_EQ(Clean("Invalid value {a}b} to match with parameter {x}."),
            "Invalid value {***} to match with parameter {x}.");
  EXPECT_EQ(Clean("Invalid value {abc"), "Invalid value {***");
}

TEST(PortalText, HidesTokensThatStandAlone) {
  EXPECT_EQ(Clean("bad abcd1234efgh5678 there"), "bad *** there");
  EXPECT_EQ(Clean("application customsecretbottoken"), "application ***");
  EXPECT_EQ(Clean("%5D%3D0123456789abcdef01"), "%5D%***");
  EXPECT_EQ(Clean("order 12345678901234567890 of imbotcommandregister"),
            "order 12345678901234567890 of imbotcommandregister");
}

TEST(PortalText, HidesWhatIsKnownToBeSecretWhereverItStands) {
  const std::vector<std::string_view> secrets = {"top secret/word", "hook", "abc"};
  EXPECT_EQ(CleanPortalText("x top secret/word y", secrets).text, "x *** y");
  EXPECT_EQ(CleanPortalText("x=top%20secret%2Fword;", secrets).text, "x=***;");
  EXPECT_EQ(CleanPortalText("a HOOKED hook", secrets).text, "a ***ED ***");
  EXPECT_EQ(CleanPortalText("abc", secrets).text, "abc") << "three letters protect nothing";
}

TEST(PortalText, WithholdsDumps) {
  EXPECT_EQ(Clean("Array\n(\n [A] => b\n)"), "(withheld)");
  EXPECT_EQ(Clean("array ( 'a' => 1 )"), "(withheld)");
  EXPECT_EQ(Clean("array(1) { [\"a\"] => string(1) \"b\" }"), "(withheld)");
  EXPECT_EQ(Clean("object(stdClass)#1"), "(withheld)");
  EXPECT_EQ(Clean("string(6) \"secret\""), "(withheld)");
  EXPECT_EQ(Clean(std::string(8193, 'x')), "(withheld)");
}

}  // namespace
}  // namespace imbot::translate
