// One POST while it is with libcurl: its options, what curl calls back, and what became of it.
//
// Owned by the transport of one loop. Loop thread only.
//
// It sends a request once. curl repeats one on its own if a kept connection ends before a byte of the reply came
// (transfer.c, Curl_retry_request), though the server may have executed it by then. curl asks a transfer's pre-request
// callback before each sending, so the second is refused there, unless it is proved that nothing of the first was
// taken: the server said so (HTTP/2 REFUSED_STREAM, which is also how a GOAWAY ends later streams), or not a byte was
// written.
//
// A kept connection of HTTP/1.1 on which something waits to be read is refused there too: curl would take a reply too
// many, sent by a server after its reply, for the next request's.
#ifndef IMBOT_SERVICE_TRANSPORT_CURL_TRANSFER_H_
#define IMBOT_SERVICE_TRANSPORT_CURL_TRANSFER_H_

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/transport/address.h"
#include "service/transport/curl_handles.h"
#include "service/transport/http_options.h"
#include "service/transport/kept_sockets.h"
#include "service/transport/sending_trace.h"
#include "service/transport/transport.h"
#include "service/transport/url.h"

namespace imbot::transport {

class CurlTransfer {
 public:
  // Tells that a connection is there, and whether it takes several requests at once. From inside a call of curl: must
  // not call it.
  using OnConnected = std::function<void(bool multiplex)>;
  // Wants Resume() to be called, on the loop, outside curl. From any thread, at any time.
  using WantResume = std::function<void()>;

  // What a connection may be made to: `peer` is the portal, or the proxy; `addresses` its addresses, all allowed.
  struct Route {
    Endpoint peer;
    std::vector<Address> addresses;
  };

  // What every transfer has in common: for HandlePool. Both outlive `easy`.
  [[nodiscard]] static bool Configure(const HttpOptions& options, KeptSockets& sockets, CURL* easy);

  // `options` and `sockets` outlive the transfer; `request` is used in place, as long as the transfer lives.
  CurlTransfer(const HttpOptions& options, const Request& request, bool tls, KeptSockets& sockets,
               OnConnected on_connected, WantResume want_resume);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Makes `easy`, which has been configured, ready to be added to a multi handle: sets everything that Configure did
  // not, whatever its last transfer was. False if memory is short. `fresh`: not on a kept connection.
  [[nodiscard]] bool Prepare(EasyHandle easy, std::shared_ptr<TlsSessions> sessions, const Route& route, bool fresh);
  CURL* easy() const { return easy_.get(); }

  // Goes on where the source or the sink had nothing to give or no room. Harmless if it did not wait.
  void Resume();

  // What became of it, after curl said so. REQUIRES: still with the multi handle, whose memory it copies from.
  Result TakeResult(CURLcode code);
  // REQUIRES: no longer with the multi handle.
  EasyHandle Release();

  // It ended, unsent, because the kept connection that it was given could not be trusted.
  bool wants_fresh_connection() const { return unclean_; }
  // False: proved that no byte of the request's body has left.
  bool may_have_left() const;
  // As of Reply.
  std::optional<base::WallTime> certificate_expires_at() const { return certificate_expires_at_; }

 private:
  static int OnRequest(void* self, char* peer, char* own, int peer_port, int own_port);
  static int OnCloseSocket(void* sockets, curl_socket_t socket);
  static curl_socket_t OnSocket(void* self, curlsocktype, curl_sockaddr* address);
  static size_t OnHeader(char* data, size_t size, size_t count, void* self);
  static size_t OnBody(char* data, size_t size, size_t count, void* self);
  static size_t OnRead(char* data, size_t size, size_t count, void* self);
  static int OnDebug(CURL*, curl_infotype type, char* data, size_t size, void* self);

  static bool ConfigureConnection(const HttpOptions& options, KeptSockets& sockets, CURL* easy);
  static bool ConfigureSecurity(const HttpOptions& options, CURL* easy);
  bool SetRequest();
  bool SetHeaders();
  bool SetBody(bool fresh);
  void BeginSink();
  size_t IntoSink(std::string_view part);
  bool SetConnection(const Route& route);
  bool IsHttp2() const;
  bool IsMultiplex() const;

  const HttpOptions& options_;
  const Request& request_;
  const bool tls_;
  KeptSockets& sockets_;
  const OnConnected on_connected_;
  const WantResume want_resume_;
  std::vector<Address> addresses_;

  EasyHandle easy_;
  std::shared_ptr<TlsSessions> sessions_;
  curl_slist* headers_ = nullptr;
  curl_slist* pins_ = nullptr;

  // Of the request's sending.
  int begun_ = 0;                                  // how often curl began to send
  SendingTrace sending_;                           // since the last beginning
  bool repeat_stopped_ = false;                    // curl wanted to send it again
  bool address_stopped_ = false;                   // curl wanted to connect elsewhere
  std::array<char, CURL_ERROR_SIZE> curl_text_{};  // may quote the URL: compared, never shown
  bool unclean_ = false;                           // something waited on the kept connection
  bool source_ended_ = false;                      // curl has the whole body of the source
  bool aborted_ = false;                           // by the source or the sink
  std::optional<base::WallTime> certificate_expires_at_;

  // Of the reply.
  size_t header_bytes_ = 0;
  bool too_large_ = false;
  bool sinking_ = false;  // the sink gets the body
  std::string location_;
  std::string body_;
};

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_CURL_TRANSFER_H_
