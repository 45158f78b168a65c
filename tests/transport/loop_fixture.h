// What tests of the loop share: a loop with a resolver that the test fills in, and futures instead of callbacks.
#ifndef IMBOT_TESTS_TRANSPORT_LOOP_FIXTURE_H_
#define IMBOT_TESTS_TRANSPORT_LOOP_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/clock.h"
#include "service/transport/curl_loop.h"
#include "service/transport/http_options.h"
#include "service/transport/resolver.h"
#include "service/transport/transport.h"

namespace imbot::transport {

// How tests show a result that was not expected.
inline void PrintTo(const Result& result, std::ostream* out) {
  if (result.failure.has_value()) {
    *out << FailureName(result.failure->kind) << (result.failure->sent ? ", sent: " : ", not sent: ")
         << result.failure->message;
  } else {
    *out << "status " << result.reply.http_status << ": " << result.reply.body.substr(0, 100);
  }
}
inline void PrintTo(Failure::Kind kind, std::ostream* out) {
  *out << FailureName(kind);
}

// Every name under ".test" is this machine, unless the test says otherwise. Thread-safe.
class FakeResolver : public Resolver {
 public:
  void Resolve(std::string_view host, Callback done) override {
    Resolution resolution;
    {
      const std::lock_guard lock(mutex_);
      ++asked_;
      const auto known = known_.find(std::string(host));
      if (hanging_ == host) return held_.push_back(std::move(done));
      if (known != known_.end()) {
        resolution = known->second;
      } else if (host.ends_with(".test")) {
        resolution.addresses = {*Address::Parse("127.0.0.1")};
      } else {
        resolution.message = "no such name";
      }
    }
    done(resolution);
  }
  void Set(const std::string& host, const std::vector<std::string>& addresses) {
    Resolution resolution;
    for (const std::string& address : addresses) resolution.addresses.push_back(*Address::Parse(address));
    const std::lock_guard lock(mutex_);
    known_[host] = std::move(resolution);
  }
  // Answers for `host` are held back.
  void Hang(const std::string& host) {
    const std::lock_guard lock(mutex_);
    hanging_ = host;
  }
  std::vector<Callback> TakeHeld() {
    const std::lock_guard lock(mutex_);
    return std::exchange(held_, {});
  }
  int asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Resolution> known_;
  std::string hanging_;
  std::vector<Callback> held_;
  int asked_ = 0;
};

class LoopTest : public ::testing::Test {
 protected:
  static constexpr auto kLong = std::chrono::seconds(60);

  LoopTest() { options_.address_policy = AllowScopes({.loopback = true}); }

  // Starts on first use, with options_ as they are then.
  CurlLoop& loop() {
    if (loop_ == nullptr) {
      absl::StatusOr<std::unique_ptr<CurlLoop>> made = CurlLoop::Create(
          "test-loop", std::make_shared<const HttpOptions>(std::move(options_)), resolver_, base::Clock::System());
      if (!made.ok()) throw std::runtime_error(made.status().ToString());
      loop_ = *std::move(made);
    }
    return *loop_;
  }

  static Request MakeRequest(std::string url, std::string body = R"({"BOT_ID":39})", base::Duration time = kLong) {
    Request request;
    request.url = base::Secret(std::move(url));
    request.body = std::move(body);
    request.give_up_at = base::Clock::System().Now() + time;
    return request;
  }

  std::future<Result> Send(Request request) {
    auto promise = std::make_shared<std::promise<Result>>();
    std::future<Result> future = promise->get_future();
    CurlLoop& to = loop();
    to.Post([&to, promise, request = std::move(request)]() mutable {
      to.transport().Send(std::move(request), [&to, promise](Result result) {
        EXPECT_TRUE(to.InThisThread());
        promise->set_value(std::move(result));
      });
    });
    return future;
  }
  // Sends and waits.
  Result Call(std::string url, std::string body = R"({"BOT_ID":39})", base::Duration time = kLong) {
    return Send(MakeRequest(std::move(url), std::move(body), time)).get();
  }
  // Runs `task` on the loop's thread and waits for it.
  template <typename T>
  void OnLoop(T task) {
    std::promise<void> ran;
    loop().Post([&] {
      task();
      ran.set_value();
    });
    ran.get_future().wait();
  }

  HttpOptions options_;
  FakeResolver resolver_;
  std::unique_ptr<CurlLoop> loop_;
};

MATCHER_P2(FailsWith, kind, sent, "") {
  // No failure may quote the webhook's secret.
  return arg.failure.has_value() && arg.failure->kind == kind && arg.failure->sent == sent &&
         !arg.failure->message.empty() && arg.failure->message.find("s3cr3t") == std::string::npos;
}
MATCHER_P2(Replies, status, body, "") {
  return !arg.failure.has_value() && arg.reply.http_status == status && arg.reply.body == body;
}

}  // namespace imbot::transport

#endif  // IMBOT_TESTS_TRANSPORT_LOOP_FIXTURE_H_
