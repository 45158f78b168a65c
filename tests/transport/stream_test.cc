// Bodies that are made while they are sent, and replies that are taken while they arrive.
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/transport/loop_fixture.h"
#include "tests/transport/test_server.h"

namespace imbot::transport {
namespace {

using std::chrono::milliseconds;
using Kind = Failure::Kind;
using ::testing::HasSubstr;

// Pieces that the test hands over one by one, from its own thread. Thread-safe.
class TestSource final : public BodySource {
 public:
  void Push(std::string piece) {
    std::function<void()> resume;
    {
      const std::lock_guard lock(mutex_);
      waiting_ += piece;
      resume = resume_;
    }
    if (resume) resume();
  }
  void End(State how = State::kEnd) {
    std::function<void()> resume;
    {
      const std::lock_guard lock(mutex_);
      end_ = how;
      resume = resume_;
    }
    if (resume) resume();
  }
  // Blocks until the transfer has asked in vain `times` times.
  void WaitUntilHungry(int times = 1) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return hungry_ >= times; });
  }

  void Begin(std::function<void()> resume) override {
    const std::lock_guard lock(mutex_);
    resume_ = std::move(resume);
  }
  Piece Read(std::span<char> buffer) override {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      if (end_.has_value()) return {*end_, 0};
      ++hungry_;
      changed_.notify_all();
      return {State::kWait, 0};
    }
    const size_t size = std::min(buffer.size(), waiting_.size());
    waiting_.copy(buffer.data(), size);
    waiting_.erase(0, size);
    return {State::kData, size};
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;
  std::optional<State> end_;
  int hungry_ = 0;
  std::function<void()> resume_;
};

// Takes what it has room for. Thread-safe.
class TestSink final : public BodySink {
 public:
  explicit TestSink(size_t room) : room_(room) {}

  void Begin(std::function<void()> resume, std::string_view content_type, std::optional<uint64_t> length) override {
    const std::lock_guard lock(mutex_);
    resume_ = std::move(resume);
    content_type_ = content_type;
    length_ = length;
    ++begun_;
  }
  Taken Write(std::string_view part) override {
    const std::lock_guard lock(mutex_);
    if (aborting_) return Taken::kAbort;
    if (body_.size() >= room_) {
      ++full_;
      changed_.notify_all();
      return Taken::kWait;
    }
    body_ += part;
    return Taken::kAll;
  }
  void WaitUntilFull() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return full_ > 0; });
  }
  void MakeRoom(size_t room) {
    std::function<void()> resume;
    {
      const std::lock_guard lock(mutex_);
      room_ = room;
      resume = resume_;
    }
    resume();
  }
  void Abort() {
    std::function<void()> resume;
    {
      const std::lock_guard lock(mutex_);
      aborting_ = true;
      resume = resume_;
    }
    if (resume) resume();
  }

  std::string body() {
    const std::lock_guard lock(mutex_);
    return body_;
  }
  int begun_ = 0;
  std::string content_type_;
  std::optional<uint64_t> length_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t room_;
  int full_ = 0;
  bool aborting_ = false;
  std::string body_;
  std::function<void()> resume_;
};

// The body of a request in chunks, as it came, up to the last chunk or the end of the connection.
std::string ReadChunks(Connection& connection, bool* whole) {
  std::string head, body;
  char byte = 0;
  const auto line = [&] {
    std::string text;
    while (connection.ReadWhole(&byte, 1) && byte != '\n') text += byte;
    return text;
  };
  while (line().size() > 1) {
  }
  *whole = false;
  while (true) {
    const std::string size = line();
    if (size.size() <= 1) return body;
    const size_t bytes = std::stoul(size, nullptr, 16);
    if (bytes == 0) {
      *whole = line() == "\r";
      return body;
    }
    std::string chunk(bytes + 2, '\0');
    if (!connection.ReadWhole(chunk.data(), chunk.size())) return body;
    body += chunk.substr(0, bytes);
  }
}

class StreamTest : public LoopTest {
 protected:
  static Request Sending(const std::string& url, std::shared_ptr<BodySource> source) {
    Request request = MakeRequest(url, "");
    request.source = std::move(source);
    return request;
  }
  static Request Fetching(const std::string& url, std::shared_ptr<BodySink> sink) {
    Request request = MakeRequest(url, "");
    request.get = true;
    request.sink = std::move(sink);
    return request;
  }
};

TEST_F(StreamTest, SendsPiecesAsTheyComeAndEndsTheBodyWithTheSource) {
  std::string body;
  bool whole = false;
  const auto server = TestServer::Raw(
      [&](Connection& connection) {
        body = ReadChunks(connection, &whole);
        connection.Reply(200, "taken");
      },
      {});
  const auto source = std::make_shared<TestSource>();
  auto future = Send(Sending(server->Url("portal.test"), source));
  source->WaitUntilHungry();
  source->Push("first ");
  source->Push("second ");
  source->WaitUntilHungry(2);
  source->Push(std::string(300'000, 'x'));
  source->End();
  EXPECT_THAT(future.get(), Replies(200, "taken"));
  EXPECT_TRUE(whole);
  EXPECT_EQ(body, "first second " + std::string(300'000, 'x'));
}

TEST_F(StreamTest, ABodyBrokenOffIsNeverEndedAndCountsAsNotSent) {
  bool whole = true;
  std::string body;
  std::promise<void> seen;
  const auto server = TestServer::Raw(
      [&](Connection& connection) {
        body = ReadChunks(connection, &whole);
        seen.set_value();
      },
      {});
  const auto source = std::make_shared<TestSource>();
  source->Push("half");
  auto future = Send(Sending(server->Url("portal.test"), source));
  source->WaitUntilHungry();
  source->End(BodySource::State::kAbort);
  EXPECT_THAT(future.get(), FailsWith(Kind::kAborted, false));
  seen.get_future().wait();
  EXPECT_EQ(body, "half");
  EXPECT_FALSE(whole);
}

TEST_F(StreamTest, AConnectionThatBreaksBeforeTheEndOfTheBodyProvesThatNothingWasExecuted) {
  const auto server = TestServer::Raw(
      [](Connection& connection) {
        char byte = 0;
        connection.ReadWhole(&byte, 1);
        connection.Reset();
      },
      {});
  const auto source = std::make_shared<TestSource>();
  source->Push("half");
  auto future = Send(Sending(server->Url("portal.test"), source));
  EXPECT_THAT(future.get(), FailsWith(Kind::kReset, false));
}

TEST_F(StreamTest, AConnectionThatBreaksAfterTheEndOfTheBodyProvesNothing) {
  const auto server = TestServer::Raw(
      [](Connection& connection) {
        bool whole = false;
        ReadChunks(connection, &whole);
        connection.Reset();
      },
      {});
  const auto source = std::make_shared<TestSource>();
  source->Push("all");
  source->End();
  EXPECT_THAT(Send(Sending(server->Url("portal.test"), source)).get(), FailsWith(Kind::kReset, true));
}

TEST_F(StreamTest, AnAnswerBeforeTheEndOfTheBodyIsTheAnswer) {
  const auto server = TestServer::Raw(
      [](Connection& connection) {
        char byte = 0;
        connection.ReadWhole(&byte, 1);
        connection.Reply(413, "too large", "Connection: close\r\n");
        char rest[4096];
        while (connection.Read(rest, sizeof(rest)) > 0) {
        }
      },
      {});
  const auto source = std::make_shared<TestSource>();
  source->Push(std::string(1 << 20, 'x'));
  auto future = Send(Sending(server->Url("portal.test"), source));
  // A source that goes on giving, as a caller does who does not know yet.
  while (future.wait_for(milliseconds(1)) != std::future_status::ready) source->Push(std::string(10'000, 'x'));
  EXPECT_THAT(future.get(), Replies(413, "too large"));
}

TEST_F(StreamTest, GivesTheReplyToTheSinkAndWaitsWhileItIsFull) {
  const std::string content(5 << 20, 'z');
  TestServer server([&](Connection& connection, const HttpRequest& request) {
    EXPECT_TRUE(request.line.starts_with("GET ")) << request.line;
    connection.Reply(200, content);
  });
  const auto sink = std::make_shared<TestSink>(100'000);
  auto future = Send(Fetching(server.Url("portal.test"), sink));
  sink->WaitUntilFull();
  EXPECT_LT(sink->body().size(), 200'000u);
  EXPECT_EQ(future.wait_for(milliseconds(50)), std::future_status::timeout);
  sink->MakeRoom(content.size());
  EXPECT_THAT(future.get(), Replies(200, ""));
  EXPECT_EQ(sink->body(), content);
  EXPECT_EQ(sink->begun_, 1);
  EXPECT_EQ(sink->length_, content.size());
}

TEST_F(StreamTest, IsNotBoundByTheLimitOfReplies) {
  options_.max_reply_bytes = 1000;
  TestServer server([](Connection& connection, const HttpRequest&) { connection.Reply(200, std::string(5000, 'a')); });
  const auto sink = std::make_shared<TestSink>(1 << 20);
  EXPECT_THAT(Send(Fetching(server.Url("portal.test"), sink)).get(), Replies(200, ""));
  EXPECT_EQ(sink->body().size(), 5000u);
  // The positive control: without a sink the limit holds.
  EXPECT_THAT(Call(server.Url("portal.test")), FailsWith(Kind::kReplyTooLarge, true));
}

TEST_F(StreamTest, AnEmptyReplyBeginsToo) {
  TestServer server([](Connection& connection, const HttpRequest&) { connection.Reply(200, ""); });
  const auto sink = std::make_shared<TestSink>(1);
  EXPECT_THAT(Send(Fetching(server.Url("portal.test"), sink)).get(), Replies(200, ""));
  EXPECT_EQ(sink->begun_, 1);
  EXPECT_EQ(sink->length_, 0u);
}

TEST_F(StreamTest, AnErrorIsAReplyAndNoFile) {
  TestServer server([](Connection& connection, const HttpRequest&) { connection.Reply(404, "no such file"); });
  const auto sink = std::make_shared<TestSink>(1 << 20);
  EXPECT_THAT(Send(Fetching(server.Url("portal.test"), sink)).get(), Replies(404, "no such file"));
  EXPECT_EQ(sink->begun_, 0);
  EXPECT_EQ(sink->body(), "");
}

TEST_F(StreamTest, ASinkThatIsGoneEndsTheTransfer) {
  TestServer server(
      [](Connection& connection, const HttpRequest&) { connection.Reply(200, std::string(5 << 20, 'a')); });
  const auto sink = std::make_shared<TestSink>(10'000);
  auto future = Send(Fetching(server.Url("portal.test"), sink));
  sink->WaitUntilFull();
  sink->Abort();
  const Result result = future.get();
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kAborted);
}

TEST_F(StreamTest, AReplyCutShortIsAFailure) {
  const auto server = TestServer::Raw(
      [](Connection& connection) {
        HttpRequest request;
        connection.ReadRequest(request);
        connection.Write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
        connection.Close();
      },
      {});
  const auto sink = std::make_shared<TestSink>(1 << 20);
  const Result result = Send(Fetching(server->Url("portal.test"), sink)).get();
  ASSERT_TRUE(result.failure.has_value());
  EXPECT_EQ(result.failure->kind, Kind::kReset);
  EXPECT_EQ(sink->body(), "only this");
}

}  // namespace
}  // namespace imbot::transport
