#include "client_lib/cli/method_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imbot::cli {
namespace {

using ::testing::HasSubstr;

const MethodCatalog& Catalog() {
  static const MethodCatalog* const catalog = new MethodCatalog;
  return *catalog;
}

std::string Found(std::string_view name) {
  const auto method = Catalog().Find(name);
  return method.ok() ? method->name() : std::string(method.status().message());
}

TEST(MethodCatalog, HasEveryMethodOfTheDocumentation) {
  EXPECT_EQ(Catalog().methods().size(), 67u);
}

TEST(MethodCatalog, FindsAMethodByEveryNameThatPeopleHaveForIt) {
  for (const char* const name :
       {"imbot.v2.Chat.Message.send", "imbot.v2.chat.message.send", "bitrix24.imbot.v2.MessageService/SendMessage",
        "bitrix24.imbot.v2.MessageService.SendMessage", "SendMessage"})
    EXPECT_EQ(Found(name), "imbot.v2.Chat.Message.send") << name;
}

TEST(MethodCatalog, SaysWhatMayHaveBeenMeant) {
  EXPECT_THAT(Found("imbot.v2.Chat.Mesage.send"), HasSubstr("did you mean imbot.v2.Chat.Message.send"));
  EXPECT_THAT(Found("sendTyping.please"), HasSubstr("`imbot methods [WORD]` lists those there are"));
  EXPECT_THAT(Found("DeleteMessage"), HasSubstr("may be any of imbot.message.delete, imbot.v2.Chat.Message.delete"));
}

TEST(MethodCatalog, HasACommentForEveryMethodAndEveryParameter) {
  for (const MethodEntry& method : Catalog().methods()) {
    EXPECT_NE(Catalog().Comment(*method.descriptor), "") << method.name();
    const auto& request = *method.descriptor->input_type();
    for (int i = 0; i < request.field_count(); ++i)
      EXPECT_NE(Catalog().Comment(*request.field(i)), "") << request.field(i)->full_name();
  }
}

TEST(MethodCatalog, TakesTheFirstSentenceOfAComment) {
  EXPECT_EQ(FirstSentence("Sends a message. It goes out once."), "Sends a message");
  EXPECT_EQ(FirstSentence("Sends v1.2 of it."), "Sends v1.2 of it");
  EXPECT_EQ(FirstSentence(""), "");
}

}  // namespace
}  // namespace imbot::cli
