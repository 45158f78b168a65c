#include "client_lib/cli/method_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "client_lib/json_reader/json_reader.h"
#include "proto/contract.h"
#include "service/translate/method_table.h"
#include "service/translate/validate.h"

namespace imbot::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const MethodCatalog& Catalog() {
  static const MethodCatalog* const catalog = new MethodCatalog;
  return *catalog;
}

MethodPage Page(std::string_view name) {
  return MakePage(Catalog(), *Catalog().Find(name));
}

const Parameter* Find(const std::vector<Parameter>& parameters, std::string_view path) {
  const auto it = std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) { return one.path == path; });
  return it == parameters.end() ? nullptr : &*it;
}

// As the documentation's page of the method has it: chat-message-get-context.md, range 1 to 50.
TEST(MethodPage, TellsTypesLimitsAndWhatIsRequired) {
  const MethodPage page = Page("imbot.v2.Chat.Message.getContext");
  const Parameter* const id = Find(page.parameters, "messageId");
  ASSERT_NE(id, nullptr);
  EXPECT_EQ(id->type, "integer");
  EXPECT_TRUE(id->required);
  const Parameter* const range = Find(page.parameters, "range");
  ASSERT_NE(range, nullptr);
  EXPECT_FALSE(range->required);
  EXPECT_THAT(range->limits, ElementsAre("1 to 50"));
  EXPECT_EQ(Find(page.parameters, "bot"), nullptr) << "that is --bot";
}

TEST(MethodPage, SpellsParametersAsTheDocumentationDoes) {
  const MethodPage v1 = Page("imbot.message.add");
  ASSERT_NE(Find(v1.parameters, "DIALOG_ID"), nullptr);
  const Parameter* const preview = Find(v1.parameters, "URL_PREVIEW");
  ASSERT_NE(preview, nullptr);
  EXPECT_EQ(preview->type, "\"Y\" or \"N\"");
  const MethodPage v2 = Page("imbot.v2.Chat.add");
  const Parameter* const color = Find(v2.parameters, "fields.color");
  ASSERT_NE(color, nullptr);
  EXPECT_THAT(color->type, HasSubstr("\"lightBlue\""));
}

TEST(MethodPage, DescribesSharedTypesOnce) {
  const MethodPage page = Page("imbot.v2.Chat.Message.send");
  std::vector<std::string> names;
  for (const SharedType& type : page.types) names.push_back(type.name);
  EXPECT_THAT(names, Contains("Keyboard"));
  EXPECT_THAT(names, Contains("KeyboardButton"));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_EQ(Find(page.parameters, "fields.keyboard")->type, "Keyboard");
}

TEST(MethodPage, ListsTheErrorsOfTheMethodAndOfItsService) {
  const MethodPage page = Page("imbot.v2.Chat.Message.send");
  std::vector<std::string> reasons;
  for (const MethodError& error : page.errors) {
    reasons.push_back(error.reason);
    EXPECT_NE(error.when, "") << error.reason;
  }
  for (const char* const reason : {"ACCESS_DENIED", "CHAT_NOT_FOUND", "SENDING_FAILED", "BOT_NOT_FOUND"})
    EXPECT_THAT(reasons, Contains(reason));
  const auto denied = std::find_if(page.errors.begin(), page.errors.end(),
                                   [](const MethodError& error) { return error.reason == "ACCESS_DENIED"; });
  EXPECT_EQ(denied->when, "the bot is not in the chat");
}

// Somebody will paste it.
TEST(MethodPage, ShowsOfEveryMethodAnExampleThatKeepsEveryRule) {
  const auto table = translate::MethodTable::Create(contract::Files());
  ASSERT_TRUE(table.ok()) << table.status();
  for (const MethodEntry& method : Catalog().methods()) {
    const std::string example = MakePage(Catalog(), method).example;
    const auto request = client::ReadRequest(*method.descriptor, example, {"acme/support", "acme"});
    ASSERT_TRUE(request.ok()) << method.name() << " " << example << ": " << request.status();
    const translate::MethodSpec* const spec = (*table)->FindByName(method.name());
    ASSERT_NE(spec, nullptr) << method.name();
    EXPECT_EQ(translate::Validate(*spec, **request), absl::OkStatus()) << method.name() << " " << example;
  }
}

TEST(MethodPage, TellsOfEveryMethodSomething) {
  for (const MethodEntry& method : Catalog().methods()) {
    const MethodPage page = MakePage(Catalog(), method);
    EXPECT_NE(page.comment, "") << method.name();
    EXPECT_NE(page.repeat, "") << method.name();
    for (const Parameter& parameter : page.parameters) {
      EXPECT_NE(parameter.type, "") << method.name() << " " << parameter.path;
      EXPECT_NE(parameter.comment, "") << method.name() << " " << parameter.path;
    }
  }
}

}  // namespace
}  // namespace imbot::cli
