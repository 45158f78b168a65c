#include "tests/simulator/net/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

constexpr uint32_t kMaxConcurrentStreams = 128;  // as nginx
constexpr uint32_t kStreamWindow = 1U << 20;
constexpr int32_t kConnectionWindow = 16 << 20;

nghttp2_nv Header(std::string_view name, std::string_view value) {
  // nghttp2 copies both; its struct is not const-correct.
  nghttp2_nv header;
  header.name = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(name.data()));
  header.namelen = name.size();
  header.value = const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(value.data()));
  header.valuelen = value.size();
  header.flags = NGHTTP2_NV_FLAG_NONE;
  return header;
}

}  // namespace

struct Http2Session::Stream {
  int32_t id = 0;
  HttpRequest request;
  std::shared_ptr<Sink> sink;
  bool dispatched = false;
  // The reply.
  std::string body;
  size_t sent = 0;
  bool half = false;
  bool endless = false;
  ReplySink::Delivered delivered;
};

class Http2Session::Sink final : public ReplySink {
 public:
  Sink(Http2Session* session, std::weak_ptr<Connection> connection, int32_t stream_id)
      : session_(session), connection_(std::move(connection)), stream_id_(stream_id) {}

  // The stream or its connection is gone.
  void Detach() { session_ = nullptr; }

  bool connected() const override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    return session_ != nullptr && connection != nullptr && connection->open() && !connection->peer_closed();
  }

  void Send(HttpResponse response, Delivered delivered) override {
    if (session_ == nullptr) {
      if (delivered) delivered(false);
      return;
    }
    session_->Respond(stream_id_, std::move(response), /*half=*/false, std::move(delivered));
  }

  void SendHalf(HttpResponse response) override {
    if (session_ != nullptr) session_->Respond(stream_id_, std::move(response), /*half=*/true, nullptr);
  }

  void Begin(HttpResponse head) override {
    if (session_ != nullptr) session_->Begin(stream_id_, std::move(head));
  }

  void SendPart(std::string part, Delivered taken) override {
    if (session_ != nullptr) {
      session_->SendPart(stream_id_, std::move(part), std::move(taken));
    } else if (taken) {
      taken(false);
    }
  }

  void Reset() override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (session_ != nullptr && connection != nullptr) connection->Reset();
  }

  void Close() override {
    const std::shared_ptr<Connection> connection = connection_.lock();
    if (session_ != nullptr && connection != nullptr) connection->CloseAfterFlush();
  }

 private:
  Http2Session* session_;
  const std::weak_ptr<Connection> connection_;
  const int32_t stream_id_;
};

// nghttp2's C callbacks; `user_data` is the session.
struct Http2Session::Callbacks {
  static Http2Session* Self(void* user_data) { return static_cast<Http2Session*>(user_data); }

  static Stream* Find(Http2Session* self, int32_t id) {
    const auto it = self->streams_.find(id);
    return it == self->streams_.end() ? nullptr : it->second.get();
  }

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto stream = std::make_unique<Stream>();
    stream->id = frame->hd.stream_id;
    stream->request.protocol = "h2";
    stream->request.tls = true;
    if (const std::shared_ptr<Connection> connection = Self(user_data)->connection_.lock())
      stream->request.peer = connection->peer();
    Self(user_data)->streams_[stream->id] = std::move(stream);
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_length,
                      const uint8_t* value, size_t value_length, uint8_t, void* user_data) {
    Stream* const stream = Find(Self(user_data), frame->hd.stream_id);
    if (stream == nullptr || stream->dispatched) return 0;
    const std::string key(reinterpret_cast<const char*>(name), name_length);
    std::string text(reinterpret_cast<const char*>(value), value_length);
    if (key == ":method") {
      stream->request.method = std::move(text);
    } else if (key == ":path") {
      stream->request.target = std::move(text);
    } else if (key == ":authority") {
      stream->request.host = std::move(text);
    } else if (key[0] != ':') {
      if (key == "host" && stream->request.host.empty()) stream->request.host = text;
      stream->request.headers.emplace_back(key, std::move(text));
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, uint8_t, int32_t stream_id, const uint8_t* data, size_t length,
                    void* user_data) {
    Stream* const stream = Find(Self(user_data), stream_id);
    if (stream == nullptr || stream->dispatched) return 0;
    if (stream->request.body.size() + length > Self(user_data)->max_body_) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream_id, NGHTTP2_REFUSED_STREAM);
      return 0;
    }
    stream->request.body.append(reinterpret_cast<const char*>(data), length);
    return 0;
  }

  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (!ends || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) return 0;
    Stream* const stream = Find(Self(user_data), frame->hd.stream_id);
    if (stream != nullptr && !stream->dispatched) Self(user_data)->Dispatch(stream);
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t stream_id, uint32_t, void* user_data) {
    Http2Session* const self = Self(user_data);
    const auto it = self->streams_.find(stream_id);
    if (it == self->streams_.end()) return 0;
    const std::unique_ptr<Stream> stream = std::move(it->second);
    self->streams_.erase(it);
    if (stream->sink != nullptr) stream->sink->Detach();
    if (stream->delivered) stream->delivered(false);
    return 0;
  }

  static ssize_t ReadBody(nghttp2_session*, int32_t stream_id, uint8_t* buffer, size_t length, uint32_t* flags,
                          nghttp2_data_source*, void* user_data) {
    Stream* const stream = Find(Self(user_data), stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const size_t part = std::min(length, stream->body.size() - stream->sent);
    std::memcpy(buffer, stream->body.data() + stream->sent, part);
    stream->sent += part;
    if (stream->sent == stream->body.size()) {
      if (stream->endless && part == 0) return NGHTTP2_ERR_DEFERRED;
      if (!stream->endless) *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (stream->half) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        Self(user_data)->close_wanted_ = true;
      }
      if (stream->delivered) Self(user_data)->completed_.push_back(std::move(stream->delivered));
      stream->delivered = nullptr;
    }
    return static_cast<ssize_t>(part);
  }
};

Http2Session::Http2Session(std::weak_ptr<Connection> connection, HttpHandler* handler, size_t max_body)
    : connection_(std::move(connection)), handler_(handler), max_body_(max_body) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::OnBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnStreamClose);
  nghttp2_session_server_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  Pump();
}

Http2Session::~Http2Session() {
  DetachAll();
  nghttp2_session_del(session_);
}

void Http2Session::DetachAll() {
  for (auto& [id, stream] : streams_) {
    if (stream->sink != nullptr) stream->sink->Detach();
    if (stream->delivered) stream->delivered(false);
    stream->delivered = nullptr;
  }
}

void Http2Session::OnData(std::string_view data) {
  const std::shared_ptr<Connection> connection = connection_.lock();
  if (connection == nullptr) return;
  feeding_ = true;
  const ssize_t read = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
  feeding_ = false;
  if (read < 0) {
    connection->Close();
    return;
  }
  Pump();
}

void Http2Session::OnPeerDone() {
  const bool answering =
      std::any_of(streams_.begin(), streams_.end(), [](const auto& entry) { return entry.second->dispatched; });
  const std::shared_ptr<Connection> connection = connection_.lock();
  if (!answering && connection != nullptr) connection->CloseAfterFlush();
}

void Http2Session::OnClosed() {
  DetachAll();
  streams_.clear();
}

void Http2Session::Dispatch(Stream* stream) {
  stream->dispatched = true;
  stream->sink = std::make_shared<Sink>(this, connection_, stream->id);
  handler_->OnRequest(std::move(stream->request), stream->sink);
}

void Http2Session::Begin(int32_t stream_id, HttpResponse head) {
  const auto it = streams_.find(stream_id);
  if (it == streams_.end()) return;
  it->second->endless = true;
  head.body.clear();
  Respond(stream_id, std::move(head), /*half=*/false, nullptr);
}

void Http2Session::SendPart(int32_t stream_id, std::string part, ReplySink::Delivered taken) {
  const auto it = streams_.find(stream_id);
  if (it == streams_.end()) {
    if (taken) taken(false);
    return;
  }
  Stream& stream = *it->second;
  stream.body.erase(0, stream.sent);
  stream.body += part;
  stream.sent = 0;
  stream.delivered = std::move(taken);
  nghttp2_session_resume_data(session_, stream_id);
  if (!feeding_) Pump();
}

void Http2Session::Respond(int32_t stream_id, HttpResponse response, bool half, ReplySink::Delivered delivered) {
  const auto it = streams_.find(stream_id);
  if (it == streams_.end()) {
    if (delivered) delivered(false);
    return;
  }
  Stream& stream = *it->second;
  const std::string status = std::to_string(response.status);
  const std::string length = std::to_string(response.body.size());
  // Lower-case names are required; they must live until the submit, which copies them.
  Headers lower;
  for (auto& [name, value] : response.headers) lower.emplace_back(AsciiLower(name), std::move(value));
  std::vector<nghttp2_nv> headers = {Header(":status", status)};
  for (const auto& [name, value] : lower) headers.push_back(Header(name, value));
  if (!stream.endless) headers.push_back(Header("content-length", length));
  stream.body = std::move(response.body);
  if (half) stream.body.resize(stream.body.size() / 2);
  stream.half = half;
  stream.delivered = std::move(delivered);
  nghttp2_data_provider provider;
  provider.source.ptr = nullptr;
  provider.read_callback = Callbacks::ReadBody;
  nghttp2_submit_response(session_, stream_id, headers.data(), headers.size(), &provider);
  // While nghttp2 is reading, it may not be asked to write; OnData pumps afterwards.
  if (!feeding_) Pump();
}

void Http2Session::Pump() {
  const std::shared_ptr<Connection> connection = connection_.lock();
  if (connection == nullptr) return;
  std::string out;
  for (;;) {
    const uint8_t* bytes = nullptr;
    const ssize_t length = nghttp2_session_mem_send(session_, &bytes);
    if (length <= 0) break;
    out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
  }
  std::vector<ReplySink::Delivered> completed = std::move(completed_);
  completed_.clear();
  const bool finished =
      close_wanted_ || (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
  // Nothing of this session may be touched after a write: a failing one closes the connection.
  if (!out.empty()) {
    connection->Write(std::move(out), [completed = std::move(completed)](bool delivered) {
      for (const ReplySink::Delivered& tell : completed) tell(delivered);
    });
  }
  if (finished) connection->CloseAfterFlush();
}

}  // namespace simulator
