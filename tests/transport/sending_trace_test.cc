#include "service/transport/sending_trace.h"

#include <gtest/gtest.h>

namespace imbot::transport {
namespace {

// The texts are those of curl 7.88 (lib/http2.c, lib/transfer.c).
TEST(SendingTrace, CountsWhatIsWrittenAndNothingElse) {
  SendingTrace trace;
  trace.Note(CURLINFO_TEXT, "Connected to acme.example");
  trace.Note(CURLINFO_HEADER_IN, "HTTP/2 200");
  EXPECT_EQ(trace.written(), 0u);
  trace.Note(CURLINFO_HEADER_OUT, "POST / HTTP/2\r\n\r\n");
  trace.Note(CURLINFO_DATA_OUT, "{}");
  EXPECT_EQ(trace.written(), 19u);
  EXPECT_FALSE(trace.refused());
}

TEST(SendingTrace, KnowsAStreamThatTheServerRefused) {
  SendingTrace trace;
  trace.Note(CURLINFO_TEXT, "REFUSED_STREAM, retrying a fresh connect\n");
  EXPECT_TRUE(trace.refused());
}

TEST(SendingTrace, KnowsThatAServerWhichSaysGoodbyeTookNoneOfTheLaterStreams) {
  const auto refused = [](std::string_view stream, std::string_view goodbye) {
    SendingTrace trace;
    if (!stream.empty()) trace.Note(CURLINFO_TEXT, stream);
    trace.Note(CURLINFO_TEXT, goodbye);
    return trace.refused();
  };
  constexpr char kStream[] = "Using Stream ID: 5 (easy handle 0x55d0c0de)\n";
  EXPECT_TRUE(refused(kStream, "recveived GOAWAY, error=0, last_stream=3\n"));
  EXPECT_FALSE(refused(kStream, "recveived GOAWAY, error=0, last_stream=5\n"));
  EXPECT_FALSE(refused(kStream, "recveived GOAWAY, error=0, last_stream=2147483647\n"));
  EXPECT_FALSE(refused(kStream, "recveived GOAWAY, error=0\n")) << "it does not say which";
  EXPECT_FALSE(refused("", "recveived GOAWAY, error=0, last_stream=3\n")) << "nothing was sent yet";
}

}  // namespace
}  // namespace imbot::transport
