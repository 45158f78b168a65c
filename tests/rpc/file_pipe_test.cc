#include "service/rpc/file_pipe.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace imbot::rpc {
namespace {

using State = transport::BodySource::State;
using Taken = transport::BodySink::Taken;

// Everything there is to read now, and the state that ended it.
struct Drained {
  std::string bytes;
  State state = State::kEnd;
};
Drained Drain(UploadPipe& pipe, size_t buffer_size = 16384) {
  Drained drained;
  std::string buffer(buffer_size, '\0');
  while (true) {
    const auto piece = pipe.Read(buffer);
    if (piece.state != State::kData) {
      drained.state = piece.state;
      return drained;
    }
    EXPECT_GT(piece.size, 0u);
    drained.bytes.append(buffer, 0, piece.size);
  }
}

TEST(UploadPipe, WritesThePiecesAsOneBase64TextInsideWhatSurroundsThem) {
  for (const size_t step : {1u, 2u, 3u, 5u, 7u, 49152u}) {
    std::string content;
    for (int i = 0; i < 1000; ++i) content.push_back(static_cast<char>(i * 7));
    UploadPipe pipe;
    pipe.Surround("{\"content\":\"", "\"}");
    for (size_t at = 0; at < content.size(); at += step) EXPECT_TRUE(pipe.Push(content.substr(at, step), nullptr));
    pipe.Finish();
    const Drained all = Drain(pipe, 11);
    EXPECT_EQ(all.state, State::kEnd);
    EXPECT_EQ(all.bytes, "{\"content\":\"" + absl::Base64Escape(content) + "\"}") << step;
    EXPECT_EQ(pipe.size(), content.size());
  }
}

TEST(UploadPipe, WaitsForMoreAndIsResumedByIt) {
  UploadPipe pipe;
  pipe.Surround("<", ">");
  int resumed = 0;
  pipe.Begin([&] { ++resumed; });
  EXPECT_EQ(Drain(pipe).bytes, "<");
  EXPECT_EQ(Drain(pipe).state, State::kWait);
  EXPECT_EQ(resumed, 0);
  EXPECT_TRUE(pipe.Push("abc", nullptr));
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(Drain(pipe).bytes, "YWJj");
  pipe.Finish();
  EXPECT_EQ(resumed, 2);
  const Drained rest = Drain(pipe);
  EXPECT_EQ(rest.bytes, ">");
  EXPECT_EQ(rest.state, State::kEnd);
}

TEST(UploadPipe, SaysWhenItIsFullAndWhenThereIsRoomAgain) {
  UploadPipe pipe;
  int room = 0;
  const auto on_room = [&] { ++room; };
  EXPECT_TRUE(pipe.Push(std::string(kPipeRoom - 1, 'x'), on_room));
  EXPECT_FALSE(pipe.Push("x", on_room));
  EXPECT_EQ(room, 0);
  std::string buffer(1000, '\0');
  size_t read = 0;
  while (room == 0 && read < 2 * kPipeRoom) read += pipe.Read(buffer).size;
  EXPECT_EQ(room, 1);
  EXPECT_GT(read, kPipeRoom / 2) << "not at the first byte: that would be a call for each";
  EXPECT_LT(read, kPipeRoom * 4 / 3);
  Drain(pipe);
  EXPECT_EQ(room, 1) << "once for each time";
}

TEST(UploadPipe, BrokenOffNeverEnds) {
  UploadPipe pipe;
  pipe.Surround("<", ">");
  int resumed = 0, room = 0;
  pipe.Begin([&] { ++resumed; });
  EXPECT_FALSE(pipe.Push(std::string(kPipeRoom, 'x'), [&] { ++room; }));
  pipe.Abort();
  EXPECT_EQ(resumed, 2);
  EXPECT_EQ(room, 1) << "whoever waits for room learns of it";
  pipe.Finish();
  const Drained drained = Drain(pipe);
  EXPECT_EQ(drained.bytes, "");
  EXPECT_EQ(drained.state, State::kAbort);
  EXPECT_TRUE(pipe.Push("more", nullptr)) << "nobody waits for room in what is gone";
}

TEST(UploadPipe, CannotBeBrokenOffOnceThePortalHasEverything) {
  UploadPipe pipe;
  pipe.Surround("<", ">");
  EXPECT_TRUE(pipe.Push("abc", nullptr));
  pipe.Finish();
  EXPECT_EQ(Drain(pipe).bytes, "<YWJj>");
  pipe.Abort();
  EXPECT_EQ(Drain(pipe).state, State::kEnd);
}

TEST(DownloadPipe, HandsOnWhatArrivesInOrder) {
  DownloadPipe pipe;
  pipe.Begin([] {}, "application/pdf", 6);
  EXPECT_EQ(pipe.Write("abc"), Taken::kAll);
  EXPECT_EQ(pipe.Write("def"), Taken::kAll);
  EXPECT_EQ(pipe.Pop(nullptr), "abcdef");
  EXPECT_TRUE(pipe.empty());
  ASSERT_TRUE(pipe.head().has_value());
  EXPECT_EQ(pipe.head()->content_type, "application/pdf");
  EXPECT_EQ(pipe.head()->size, 6u);
}

TEST(DownloadPipe, CallsAReaderThatWaitsOnce) {
  DownloadPipe pipe;
  int data = 0;
  EXPECT_EQ(pipe.Pop([&] { ++data; }), std::nullopt);
  EXPECT_EQ(data, 0);
  pipe.Begin([] {}, "", std::nullopt);
  EXPECT_EQ(data, 1) << "the head is news too";
  EXPECT_EQ(pipe.Pop([&] { ++data; }), std::nullopt);
  EXPECT_EQ(pipe.Write("a"), Taken::kAll);
  EXPECT_EQ(pipe.Write("b"), Taken::kAll);
  EXPECT_EQ(data, 2);
  EXPECT_EQ(pipe.Pop(nullptr), "ab");
}

TEST(DownloadPipe, MakesThePortalWaitWhileItIsFull) {
  DownloadPipe pipe;
  int resumed = 0;
  pipe.Begin([&] { ++resumed; }, "", std::nullopt);
  EXPECT_EQ(pipe.Write(std::string(kPipeRoom, 'x')), Taken::kAll);
  EXPECT_EQ(pipe.Write("y"), Taken::kWait);
  EXPECT_EQ(pipe.Write("y"), Taken::kWait);
  EXPECT_EQ(resumed, 0);
  EXPECT_EQ(pipe.Pop(nullptr)->size(), kPipeRoom);
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(pipe.Write("y"), Taken::kAll);
  EXPECT_EQ(pipe.Pop(nullptr), "y");
  EXPECT_EQ(resumed, 1) << "nothing waited";
}

TEST(DownloadPipe, BrokenOffTakesNothingAndEndsATransferThatWaits) {
  DownloadPipe pipe;
  int resumed = 0;
  pipe.Begin([&] { ++resumed; }, "", std::nullopt);
  EXPECT_EQ(pipe.Write(std::string(kPipeRoom, 'x')), Taken::kAll);
  EXPECT_EQ(pipe.Write("y"), Taken::kWait);
  pipe.Abort();
  EXPECT_EQ(resumed, 1);
  EXPECT_EQ(pipe.Write("y"), Taken::kAbort);
  EXPECT_TRUE(pipe.empty());
}

}  // namespace
}  // namespace imbot::rpc
