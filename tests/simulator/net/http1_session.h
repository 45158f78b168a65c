// HTTP/1.1 (and 1.0) on one connection: keep-alive, pipelining, chunked request bodies, 100-continue.
//
// Owned by its Connection; loop thread only. One request is handled at a time: later bytes wait in the buffer.
#ifndef IMBOT_TESTS_SIMULATOR_NET_HTTP1_SESSION_H_
#define IMBOT_TESTS_SIMULATOR_NET_HTTP1_SESSION_H_

#include <memory>
#include <string>
#include <string_view>

#include "tests/simulator/net/connection.h"
#include "tests/simulator/net/http_types.h"

namespace simulator {

class Http1Session final : public Session {
 public:
  Http1Session(std::weak_ptr<Connection> connection, bool tls, HttpHandler* handler, size_t max_body);
  ~Http1Session() override;

  void OnData(std::string_view data) override;
  void OnPeerDone() override;
  void OnClosed() override;

 private:
  class Sink;
  enum class State { kHead, kFixedBody, kChunkSize, kChunkData, kChunkEnd, kTrailers, kHandling, kDead };
  enum class Step { kProgress, kNeedMore };

  void Advance();
  Step ParseHead();
  Step ParseBodyHeaders();
  Step ReadFixed();
  Step ReadChunkSize();
  Step ReadChunkData();
  Step ReadLineEnd();
  Step ReadTrailers();
  void Dispatch();
  void Refuse(int status, std::string_view why);
  // Called by the sink once the reply has been queued.
  void ReplyQueued();
  std::string_view rest() const { return std::string_view(in_).substr(pos_); }

  const std::weak_ptr<Connection> connection_;
  const bool tls_;
  HttpHandler* const handler_;
  const size_t max_body_;

  State state_ = State::kHead;
  bool advancing_ = false;
  std::string in_;
  size_t pos_ = 0;
  HttpRequest request_;
  bool keep_alive_ = true;
  size_t body_left_ = 0;
  std::shared_ptr<Sink> sink_;
};

// The status line, headers and body as HTTP/1.1 sends them; `head_only` for replies to HEAD.
std::string FormatHttp1(const HttpResponse& response, bool keep_alive, bool head_only);

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_HTTP1_SESSION_H_
