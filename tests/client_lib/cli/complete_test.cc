#include "client_lib/cli/complete.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace imbot::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Words(const std::vector<std::string>& typed) {
  static const MethodCatalog* const catalog = new MethodCatalog;
  std::vector<std::string> words;
  for (const Candidate& candidate : Complete(*catalog, typed)) words.push_back(candidate.word);
  return words;
}

TEST(Complete, OffersCommands) {
  EXPECT_THAT(Words({""}), Contains("methods"));
  EXPECT_THAT(Words({"s"}), ElementsAre("send", "status"));
  EXPECT_THAT(Words({"help", "de"}), ElementsAre("describe"));
  EXPECT_THAT(Words({"re"}), ElementsAre("resume", "release"));
  EXPECT_THAT(Words({""}), Not(Contains("__complete"))) << "that is the shell's";
}

TEST(Complete, OffersMethodsWhereOneIsNamed) {
  EXPECT_THAT(Words({"call", "imbot.v2.Chat.Message.Reaction."}),
              ElementsAre("imbot.v2.Chat.Message.Reaction.add", "imbot.v2.Chat.Message.Reaction.delete"));
  EXPECT_THAT(Words({"describe", "imbot.v2.Revision"}), ElementsAre("imbot.v2.Revision.get"));
  EXPECT_THAT(Words({"call", "--bot", "acme/support", "imbot.v2.Revision"}), ElementsAre("imbot.v2.Revision.get"))
      << "what belongs to a flag is no argument";
}

TEST(Complete, OffersTheFlagsOfTheCommandThatDoNotStandThere) {
  EXPECT_THAT(Words({"bots", "--p"}), ElementsAre("--portal", "--plaintext"));
  EXPECT_THAT(Words({"bots", "--portal", "acme", "--po"}), IsEmpty());
  EXPECT_THAT(Words({"methods", "--bot"}), IsEmpty());
}

TEST(Complete, OffersTheValuesOfFlags) {
  EXPECT_THAT(Words({"call", "--priority", ""}), ElementsAre("interactive", "bulk"));
  EXPECT_THAT(Words({"call", "--token-file", ""}), ElementsAre(":files"));
  EXPECT_THAT(Words({"completion", ""}), ElementsAre("bash", "fish", "zsh"));
  EXPECT_THAT(Words({"log-level", ""}), ElementsAre("debug", "info", "warning", "error"));
  EXPECT_THAT(Words({"call", "--timeout", ""}), IsEmpty());
}

TEST(Complete, OffersNothingWithoutAGateway) {
  EXPECT_THAT(Words({"send", "--admin", "127.0.0.1:1", ""}), IsEmpty());
  EXPECT_THAT(Words({"bots", "--admin", "127.0.0.1:1", "--portal", ""}), IsEmpty());
  EXPECT_THAT(Words({"pause", "--admin", "127.0.0.1:1", ""}), IsEmpty());
}

}  // namespace
}  // namespace imbot::cli
