#include "service/rpc/call_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rpc/rpc_harness.h"

namespace imbot::rpc {
namespace {

using rpc_test::ViolatedFields;

TEST(ReadCallMetadata, HasDefaultsForACallThatSaysNothing) {
  const auto metadata = ReadCallMetadata({});
  ASSERT_TRUE(metadata.ok());
  EXPECT_EQ(metadata->idempotency_key, "");
  EXPECT_EQ(metadata->priority, Priority::kInteractive);
}

TEST(ReadCallMetadata, TakesKeysOfOneTo255VisibleCharacters) {
  for (const std::string& key : {std::string("k"), std::string(255, '~'), std::string("!order/17:retry")}) {
    const auto metadata = ReadCallMetadata({{"idempotency-key", key}});
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    EXPECT_EQ(metadata->idempotency_key, key);
  }
}

TEST(ReadCallMetadata, RefusesOtherKeys) {
  for (const std::string& key : {std::string(), std::string(256, 'k'), std::string("a b"), std::string("a\tb"),
                                 std::string("\x7f"), std::string("\xc3\xa9")}) {
    const auto metadata = ReadCallMetadata({{"idempotency-key", key}});
    EXPECT_EQ(metadata.status().code(), absl::StatusCode::kInvalidArgument) << key;
    EXPECT_EQ(base::ReasonOf(metadata.status()), "VALIDATION_FAILED");
    EXPECT_THAT(ViolatedFields(metadata.status()), ::testing::ElementsAre("metadata.idempotency-key"));
  }
}

TEST(ReadCallMetadata, KnowsTwoPriorities) {
  EXPECT_EQ(ReadCallMetadata({{"x-imbot-priority", "bulk"}})->priority, Priority::kBulk);
  EXPECT_EQ(ReadCallMetadata({{"x-imbot-priority", "interactive"}})->priority, Priority::kInteractive);
  for (const char* wrong : {"", "Bulk", "high", "bulk "}) {
    EXPECT_THAT(ViolatedFields(ReadCallMetadata({{"x-imbot-priority", wrong}}).status()),
                ::testing::ElementsAre("metadata.x-imbot-priority"));
  }
}

TEST(ReadCallMetadata, KnowsWhetherCallsMayCollapse) {
  EXPECT_FALSE(ReadCallMetadata({})->collapse);
  EXPECT_TRUE(ReadCallMetadata({{"x-imbot-collapse", "true"}})->collapse);
  EXPECT_FALSE(ReadCallMetadata({{"x-imbot-collapse", "false"}})->collapse);
  for (const char* wrong : {"", "1", "True", "yes"}) {
    EXPECT_THAT(ViolatedFields(ReadCallMetadata({{"x-imbot-collapse", wrong}}).status()),
                ::testing::ElementsAre("metadata.x-imbot-collapse"));
  }
}

TEST(ReadCallMetadata, ReportsWhatIsRepeatedAndWhatIsWrongTogether) {
  const auto metadata =
      ReadCallMetadata({{"idempotency-key", "a"}, {"idempotency-key", "a"}, {"x-imbot-priority", "urgent"}});
  EXPECT_THAT(ViolatedFields(metadata.status()),
              ::testing::ElementsAre("metadata.idempotency-key", "metadata.x-imbot-priority"));
}

TEST(TraceIdOf, ReadsTheExampleOfTheStandard) {
  EXPECT_EQ(TraceIdOf({{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}),
            "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(TraceIdOf, ReadsLaterVersionsThatAppend) {
  EXPECT_EQ(
      TraceIdOf({{"traceparent", "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings"}}),
      "4bf92f3577b34da6a3ce929d0e0e4736");
}

TEST(TraceIdOf, IgnoresWhatIsNotWellFormed) {
  for (const char* text : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
       }) {
    EXPECT_EQ(TraceIdOf({{"traceparent", text}}), "") << text;
  }
}

TEST(TraceIdOf, IgnoresTwo) {
  const char* const one = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_EQ(TraceIdOf({{"traceparent", one}, {"traceparent", one}}), "");
}

}  // namespace
}  // namespace imbot::rpc
