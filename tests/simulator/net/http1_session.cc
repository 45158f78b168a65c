#include "tests/simulator/net/http1_session.h"

#include <array>
#include <charconv>
#include <utility>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr size_t kMaxHead = 64 * 1024;

bool IsToken(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c >= 127 || c == ':' || c == '(' || c == ')' || c == '"' || c == '/') return false;
  }
  return true;
}

}  // namespace

namespace {

std::string FormatHead(const HttpResponse& response) {
  std::string out =
      "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(ReasonPhrase(response.status)) + "\r\n";
  for (const auto& [name, value] : response.headers) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  return out;
}

}  // namespace

std::string FormatHttp1(const HttpResponse& response, bool keep_alive, bool head_only) {
  std::string out = FormatHead(response);
  out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!head_only) out += response.body;
  return out;
}

// Outlives the session: a held call may be answered long after the client has gone.
class Http1Session::Sink final : public ReplySink {
 public:
  Sink(Http1Session* session, std::weak_ptr<Connection> connection, bool keep_alive, bool head_only)
      : session_(session), connection_(std::move(connection)), keep_alive_(keep_alive), head_only_(head_only) {}

  void Detach() { session_ = nullptr; }

  bool connected() const override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    return session_ != nullptr && connection != nullptr && connection->open() && !connection->peer_closed();
  }

  void Send(HttpResponse response, Delivered delivered) override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (session_ == nullptr || connection == nullptr) {
      if (delivered) delivered(false);
      return;
    }
    connection->Write(FormatHttp1(response, keep_alive_, head_only_), std::move(delivered));
    if (!keep_alive_) {
      connection->CloseAfterFlush();
    } else if (session_ != nullptr) {
      session_->ReplyQueued();
    }
  }

  void SendHalf(HttpResponse response) override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (connection == nullptr) return;
    std::string bytes = FormatHttp1(response, keep_alive_, /*head_only=*/false);
    bytes.resize(bytes.size() - (response.body.size() + 1) / 2);
    connection->Write(std::move(bytes));
    connection->CloseAfterFlush();
  }

  void Begin(HttpResponse head) override {
    if (const std::shared_ptr<Connection> connection = connection_.lock())
      connection->Write(FormatHead(head) + "Transfer-Encoding: chunked\r\n\r\n");
  }

  void SendPart(std::string part, Delivered taken) override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (connection == nullptr) {
      if (taken) taken(false);
      return;
    }
    std::array<char, 16> size{};
    const std::to_chars_result end = std::to_chars(size.data(), size.data() + size.size(), part.size(), 16);
    connection->Write(std::string(size.data(), end.ptr) + "\r\n" + part + "\r\n", std::move(taken));
  }

  void Reset() override {
    if (const std::shared_ptr<Connection> connection = connection_.lock()) connection->Reset();
  }

  void Close() override {
    if (const std::shared_ptr<Connection> connection = connection_.lock()) connection->CloseAfterFlush();
  }

 private:
  Http1Session* session_;  // null once the connection is gone
  const std::weak_ptr<Connection> connection_;
  const bool keep_alive_;
  const bool head_only_;
};

Http1Session::Http1Session(std::weak_ptr<Connection> connection, bool tls, HttpHandler* handler, size_t max_body)
    : connection_(std::move(connection)), tls_(tls), handler_(handler), max_body_(max_body) {}

Http1Session::~Http1Session() {
  if (sink_ != nullptr) sink_->Detach();
}

void Http1Session::OnData(std::string_view data) {
  if (state_ == State::kDead) return;
  in_.append(data);
  Advance();
}

void Http1Session::OnPeerDone() {
  // A call under way is still answered: a client may close only its sending half.
  if (state_ == State::kHandling || state_ == State::kDead) return;
  state_ = State::kDead;
  if (const std::shared_ptr<Connection> connection = connection_.lock()) connection->CloseAfterFlush();
}

void Http1Session::OnClosed() {
  state_ = State::kDead;
  if (sink_ != nullptr) sink_->Detach();
}

void Http1Session::Advance() {
  if (advancing_) return;
  advancing_ = true;
  Step step = Step::kProgress;
  while (step == Step::kProgress) {
    switch (state_) {
      case State::kHead:
        step = ParseHead();
        break;
      case State::kFixedBody:
        step = ReadFixed();
        break;
      case State::kChunkSize:
        step = ReadChunkSize();
        break;
      case State::kChunkData:
        step = ReadChunkData();
        break;
      case State::kChunkEnd:
        step = ReadLineEnd();
        break;
      case State::kTrailers:
        step = ReadTrailers();
        break;
      case State::kHandling:
      case State::kDead:
        step = Step::kNeedMore;
    }
  }
  in_.erase(0, pos_);
  pos_ = 0;
  advancing_ = false;
  // A client that has sent all it will send, and has its answers, is let go.
  const std::shared_ptr<Connection> connection = connection_.lock();
  if (state_ != State::kHandling && state_ != State::kDead && connection != nullptr && connection->peer_closed()) {
    state_ = State::kDead;
    connection->CloseAfterFlush();
  }
}

Http1Session::Step Http1Session::ParseHead() {
  while (rest().substr(0, 2) == "\r\n") pos_ += 2;  // RFC 9112 2.2: empty lines before a request are ignored
  const std::string_view text = rest();
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (text.size() > kMaxHead) Refuse(431, "The head of the request is too long");
    return Step::kNeedMore;
  }
  request_ = HttpRequest{};
  request_.tls = tls_;
  if (const std::shared_ptr<Connection> connection = connection_.lock()) request_.peer = connection->peer();
  std::string_view head = text.substr(0, end);
  const size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  head = line_end == std::string_view::npos ? std::string_view() : head.substr(line_end + 2);
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last == first) {
    Refuse(400, "Not an HTTP request");
    return Step::kNeedMore;
  }
  request_.method = std::string(line.substr(0, first));
  request_.target = std::string(line.substr(first + 1, last - first - 1));
  request_.protocol = std::string(line.substr(last + 1));
  if (request_.protocol != "HTTP/1.1" && request_.protocol != "HTTP/1.0") {
    Refuse(505, "HTTP/1.1 is spoken here");
    return Step::kNeedMore;
  }
  while (!head.empty()) {
    const size_t stop = head.find("\r\n");
    const std::string_view header = head.substr(0, stop);
    head = stop == std::string_view::npos ? std::string_view() : head.substr(stop + 2);
    const size_t colon = header.find(':');
    if (colon == std::string_view::npos || !IsToken(header.substr(0, colon))) {
      Refuse(400, "A header line is malformed");
      return Step::kNeedMore;
    }
    request_.headers.emplace_back(std::string(header.substr(0, colon)), Trim(header.substr(colon + 1)));
  }
  request_.host = std::string(FindHeader(request_.headers, "Host"));
  pos_ += end + 4;
  const std::string connection = AsciiLower(FindHeader(request_.headers, "Connection"));
  keep_alive_ = request_.protocol == "HTTP/1.1" ? connection.find("close") == std::string::npos
                                                : connection.find("keep-alive") != std::string::npos;
  return ParseBodyHeaders();
}

Http1Session::Step Http1Session::ParseBodyHeaders() {
  const std::string encoding = AsciiLower(FindHeader(request_.headers, "Transfer-Encoding"));
  const std::string_view length = FindHeader(request_.headers, "Content-Length");
  if (!encoding.empty() && encoding != "chunked") {
    Refuse(501, "Only the chunked transfer coding is known");
    return Step::kNeedMore;
  }
  if (encoding.empty() && !length.empty()) {
    const auto parsed = std::from_chars(length.data(), length.data() + length.size(), body_left_);
    if (parsed.ec != std::errc() || parsed.ptr != length.data() + length.size()) {
      Refuse(400, "Content-Length is no number");
      return Step::kNeedMore;
    }
    if (body_left_ > max_body_) {
      Refuse(413, "The body is too long");
      return Step::kNeedMore;
    }
  } else {
    body_left_ = 0;
  }
  if (AsciiLower(FindHeader(request_.headers, "Expect")) == "100-continue") {
    if (const std::shared_ptr<Connection> connection = connection_.lock())
      connection->Write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  state_ = encoding.empty() ? State::kFixedBody : State::kChunkSize;
  return Step::kProgress;
}

Http1Session::Step Http1Session::ReadFixed() {
  const std::string_view part = rest().substr(0, body_left_);
  request_.body.append(part);
  pos_ += part.size();
  body_left_ -= part.size();
  if (body_left_ > 0) return Step::kNeedMore;
  Dispatch();
  return Step::kProgress;
}

Http1Session::Step Http1Session::ReadChunkSize() {
  const size_t end = rest().find("\r\n");
  if (end == std::string_view::npos) return Step::kNeedMore;
  const std::string_view line = rest().substr(0, end);
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), body_left_, 16);
  if (parsed.ec != std::errc() || parsed.ptr == digits.data()) {
    Refuse(400, "A chunk's size is no number");
    return Step::kNeedMore;
  }
  if (body_left_ > max_body_ || request_.body.size() + body_left_ > max_body_) {
    Refuse(413, "The body is too long");
    return Step::kNeedMore;
  }
  pos_ += end + 2;
  state_ = body_left_ == 0 ? State::kTrailers : State::kChunkData;
  return Step::kProgress;
}

Http1Session::Step Http1Session::ReadChunkData() {
  const std::string_view part = rest().substr(0, body_left_);
  request_.body.append(part);
  pos_ += part.size();
  body_left_ -= part.size();
  if (body_left_ > 0) return Step::kNeedMore;
  state_ = State::kChunkEnd;
  return Step::kProgress;
}

Http1Session::Step Http1Session::ReadLineEnd() {
  if (rest().size() < 2) return Step::kNeedMore;
  if (rest().substr(0, 2) != "\r\n") {
    Refuse(400, "A chunk is longer than it says");
    return Step::kNeedMore;
  }
  pos_ += 2;
  state_ = State::kChunkSize;
  return Step::kProgress;
}

Http1Session::Step Http1Session::ReadTrailers() {
  const size_t end = rest().find("\r\n");
  if (end == std::string_view::npos) return Step::kNeedMore;
  pos_ += end + 2;
  if (end > 0) return Step::kProgress;
  Dispatch();
  return Step::kProgress;
}

void Http1Session::Dispatch() {
  state_ = State::kHandling;
  sink_ = std::make_shared<Sink>(this, connection_, keep_alive_, request_.method == "HEAD");
  handler_->OnRequest(std::move(request_), sink_);
}

void Http1Session::ReplyQueued() {
  if (state_ != State::kHandling) return;
  sink_.reset();
  state_ = State::kHead;
  Advance();
}

void Http1Session::Refuse(int status, std::string_view why) {
  state_ = State::kDead;
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = std::string(why) + "\n";
  if (const std::shared_ptr<Connection> connection = connection_.lock()) {
    connection->Write(FormatHttp1(response, /*keep_alive=*/false, /*head_only=*/false));
    connection->CloseAfterFlush();
  }
}

}  // namespace simulator
