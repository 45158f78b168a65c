#include "service/base/http_listener.h"

#include <civetweb.h>

#include <array>
#include <atomic>
#include <exception>
#include <optional>
#include <thread>

#include "service/base/host_port.h"
#include "service/base/strings.h"

namespace imbot::base {
namespace {

void Send(mg_connection* connection, const HttpResponse& response, std::string_view more_headers, bool with_body) {
  // One connection, one request: a connection that is kept alive would hold one of the few threads.
  std::string text = StrCat("HTTP/1.1 ", response.status, " ", mg_get_response_code_text(connection, response.status),
                            "\r\nContent-Type: ", response.content_type, "\r\nContent-Length: ", response.body.size(),
                            "\r\nCache-Control: no-store\r\nConnection: close\r\n", more_headers, "\r\n");
  if (with_body) text.append(response.body);
  mg_write(connection, text.data(), text.size());
}

void Refuse(mg_connection* connection, int status, std::string_view text, std::string_view more_headers = "") {
  HttpResponse response;
  response.status = status;
  response.body = StrCat(text, "\n");
  Send(connection, response, more_headers, /*with_body=*/true);
}

// Reads the body, at most `max` bytes. Nothing if the client did not send what it announced, or more than `max`; then
// it was answered.
std::optional<std::string> ReadBody(mg_connection* connection, size_t max) {
  const mg_request_info* const info = mg_get_request_info(connection);
  if (info->content_length > 0 && static_cast<unsigned long long>(info->content_length) > max) {
    Refuse(connection, 413, "the body is too large");
    return std::nullopt;
  }
  const char* const expect = mg_get_header(connection, "Expect");
  if (expect != nullptr && EqualsIgnoreCase(expect, "100-continue")) {
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    mg_write(connection, kGoOn.data(), kGoOn.size());
  }
  std::string body;
  std::array<char, 8192> buffer;
  for (;;) {
    const int got = mg_read(connection, buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    if (body.size() + static_cast<size_t>(got) > max) {
      Refuse(connection, 413, "the body is too large");
      return std::nullopt;
    }
    body.append(buffer.data(), static_cast<size_t>(got));
  }
  if (info->content_length > 0 && body.size() < static_cast<size_t>(info->content_length)) {
    Refuse(connection, 400, "the body is shorter than announced");
    return std::nullopt;
  }
  return body;
}

}  // namespace

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return {};
}

class HttpListener::Server {
 public:
  Server(std::vector<HttpRoute> routes, size_t max_body, Logger& logger)
      : routes_(std::move(routes)), max_body_(max_body), logger_(logger) {
    // Counted by the library: each call has its mg_exit_library.
    mg_init_library(0);
  }
  ~Server() {
    if (context_ != nullptr) Stop();
    mg_exit_library();
  }

  absl::Status Start(const Options& options, const HostPort& where) {
    constexpr unsigned kIpv6 = 8;
    if (where.ipv6 && mg_check_feature(kIpv6) == 0) {
      return absl::InvalidArgumentError(
          StrCat(where.ToString(), ": this system's HTTP library has no IPv6; use an IPv4 address"));
    }
    where_ = where;
    const std::string ports = where.ToString(), threads = StrCat(options.threads),
                      timeout = StrCat(options.timeout.count()), max_header = StrCat(options.max_header_bytes);
    const char* settings[] = {"listening_ports",
                              ports.c_str(),
                              "num_threads",
                              threads.c_str(),
                              "request_timeout_ms",
                              timeout.c_str(),
                              "max_request_size",
                              max_header.c_str(),
                              "enable_keep_alive",
                              "no",
                              "enable_directory_listing",
                              "no",
                              "access_control_allow_origin",
                              "",
                              nullptr};
    mg_callbacks callbacks{};
    callbacks.begin_request = &Server::OnRequest;
    callbacks.log_message = &Server::OnMessage;
    mg_init_data init{&callbacks, this, settings};
    std::array<char, 256> text{};
    unsigned code = 0;
    mg_error_data error{&code, text.data(), text.size()};
    context_ = mg_start2(&init, &error);
    if (context_ != nullptr) {
      where_.port = static_cast<uint16_t>(port());
      return absl::OkStatus();
    }
    return absl::UnavailableError(StrCat("can't serve HTTP on ", ports, ": ", text.data(), "; is the port in use?"));
  }

  int port() const {
    mg_server_port port{};
    return mg_get_server_ports(context_, 1, &port) == 1 ? port.port : 0;
  }

 private:
  // The library's accepting thread looks at the stop flag when somebody connects, or every 2 seconds: connect.
  void Stop() {
    std::atomic<bool> stopped = false;
    std::thread waker([&] {
      while (!stopped) {
        std::array<char, 64> error{};
        mg_connection* const knock =
            mg_connect_client(where_.host.c_str(), where_.port, /*use_ssl=*/0, error.data(), error.size());
        if (knock != nullptr) mg_close_connection(knock);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    mg_stop(context_);
    stopped = true;
    waker.join();
  }

  // Takes every request, so that the library's own file server never sees one.
  static int OnRequest(mg_connection* connection) {
    const auto* const server = static_cast<const Server*>(mg_get_request_info(connection)->user_data);
    try {
      server->Handle(connection);
    } catch (const std::exception&) {
      server->logger_.Log(Level::kError, "http_handler_failed");
      Refuse(connection, 500, "internal error");
    }
    return 1;
  }

  // The library's complaints about clients: anybody can cause them, and they may repeat what the client sent.
  static int OnMessage(const mg_connection*, const char*) { return 1; }

  const HttpRoute* Find(std::string_view method, std::string_view path, std::string* allowed) const {
    const HttpRoute* best = nullptr;
    size_t best_length = 0;
    for (const HttpRoute& route : routes_) {
      const bool fits = route.path.ends_with('/') ? path.starts_with(route.path) : path == route.path;
      if (!fits) continue;
      if (route.method != method) {
        StrAppend(allowed, allowed->empty() ? "" : ", ", route.method);
      } else if (best == nullptr || route.path.size() > best_length) {
        best = &route;
        best_length = route.path.size();
      }
    }
    return best;
  }

  void Handle(mg_connection* connection) const {
    const mg_request_info* const info = mg_get_request_info(connection);
    if (info->local_uri == nullptr) return Refuse(connection, 400, "no path");
    HttpRequest request;
    request.method = info->request_method;
    const bool head = request.method == "HEAD";
    if (head) request.method = "GET";
    request.path = info->local_uri;

    std::string allowed;
    const HttpRoute* const route = Find(request.method, request.path, &allowed);
    if (route == nullptr && allowed.empty()) return Refuse(connection, 404, "nothing here");
    if (route == nullptr) return Refuse(connection, 405, "not with this method", StrCat("Allow: ", allowed, "\r\n"));

    if (info->query_string != nullptr) request.query = info->query_string;
    request.remote_address = info->remote_addr;
    for (int i = 0; i < info->num_headers; ++i) {
      request.headers.emplace_back(info->http_headers[i].name, info->http_headers[i].value);
    }
    auto body = ReadBody(connection, max_body_);
    if (!body.has_value()) return;
    request.body = *std::move(body);
    Send(connection, route->handler(request), "", !head);
  }

  const std::vector<HttpRoute> routes_;
  const size_t max_body_;
  Logger& logger_;
  HostPort where_;
  mg_context* context_ = nullptr;
};

HttpListener::HttpListener(std::unique_ptr<Server> server) : server_(std::move(server)), port_(server_->port()) {}

HttpListener::~HttpListener() = default;

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Create(Options options, std::vector<HttpRoute> routes,
                                                                   Logger& logger) {
  const auto where = ParseHostPort(options.address);
  if (!where.has_value()) {
    return absl::InvalidArgumentError(StrCat(options.address, ": not an address such as 127.0.0.1:9090 or [::1]:9090"));
  }
  auto server = std::make_unique<Server>(std::move(routes), options.max_body_bytes, logger);
  if (absl::Status started = server->Start(options, *where); !started.ok()) return started;
  return std::unique_ptr<HttpListener>(new HttpListener(std::move(server)));
}

}  // namespace imbot::base
