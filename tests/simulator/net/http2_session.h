// HTTP/2 on one TLS connection, through libnghttp2 (the only file pair that includes it).
//
// Owned by its Connection; loop thread only. Streams are independent: a held call does not stop the others of its
// connection.
#ifndef IMBOT_TESTS_SIMULATOR_NET_HTTP2_SESSION_H_
#define IMBOT_TESTS_SIMULATOR_NET_HTTP2_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulator/net/connection.h"
#include "tests/simulator/net/http_types.h"

struct nghttp2_session;

namespace simulator {

class Http2Session final : public Session {
 public:
  Http2Session(std::weak_ptr<Connection> connection, HttpHandler* handler, size_t max_body);
  ~Http2Session() override;

  void OnData(std::string_view data) override;
  void OnPeerDone() override;
  void OnClosed() override;

 private:
  class Sink;
  struct Callbacks;
  struct Stream;

  void Dispatch(Stream* stream);
  void Respond(int32_t stream_id, HttpResponse response, bool half, ReplySink::Delivered delivered);
  void Begin(int32_t stream_id, HttpResponse head);
  void SendPart(int32_t stream_id, std::string part, ReplySink::Delivered taken);
  // Hands to the connection whatever nghttp2 wants to send.
  void Pump();
  void DetachAll();

  const std::weak_ptr<Connection> connection_;
  HttpHandler* const handler_;
  const size_t max_body_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::unique_ptr<Stream>> streams_;
  std::vector<ReplySink::Delivered> completed_;  // of streams whose last byte is in the bytes being pumped
  bool feeding_ = false;
  bool close_wanted_ = false;
};

}  // namespace simulator

#endif  // IMBOT_TESTS_SIMULATOR_NET_HTTP2_SESSION_H_
