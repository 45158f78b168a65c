// HTTP/2 over a real socket, with libnghttp2 as the client.
#include <nghttp2/nghttp2.h>

#include <map>
#include <string>
#include <vector>

#include "tests/simulator/test/portal_fixture.h"

namespace simulator {
namespace {

// One HTTP/2 connection whose replies are collected by stream.
class H2Client {
 public:
  H2Client(int port, const std::string& ca) : connection_(port, ca, "localhost", std::string_view("\x02h2", 3)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_length,
                      const uint8_t* value, size_t value_length, uint8_t, void* self) {
          const std::string_view key(reinterpret_cast<const char*>(name), name_length);
          if (key == ":status")
            static_cast<H2Client*>(self)->replies_[frame->hd.stream_id].status =
                std::stoi(std::string(reinterpret_cast<const char*>(value), value_length));
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t length, void* self) {
          static_cast<H2Client*>(self)->replies_[id].body.append(reinterpret_cast<const char*>(data), length);
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        callbacks, [](nghttp2_session*, int32_t id, uint32_t, void* self) {
          static_cast<H2Client*>(self)->replies_[id].end = Reply::End::kComplete;
          return 0;
        });
    nghttp2_session_client_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~H2Client() { nghttp2_session_del(session_); }

  bool ok() const { return connection_.ok() && connection_.alpn() == "h2"; }

  int32_t Post(const std::string& path, std::string body) {
    bodies_.push_back(std::make_unique<Body>(Body{std::move(body), 0}));
    const auto header = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(name.data())),
                        const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(value.data())), name.size(), value.size(),
                        NGHTTP2_NV_FLAG_NONE};
    };
    const nghttp2_nv headers[] = {header(":method", "POST"), header(":path", path), header(":scheme", "https"),
                                  header(":authority", "localhost"), header("content-type", "application/json")};
    nghttp2_data_provider provider;
    provider.source.ptr = bodies_.back().get();
    provider.read_callback = [](nghttp2_session*, int32_t, uint8_t* buffer, size_t length, uint32_t* flags,
                                nghttp2_data_source* source, void*) -> ssize_t {
      Body& sent = *static_cast<Body*>(source->ptr);
      const size_t part = std::min(length, sent.text.size() - sent.sent);
      sent.text.copy(reinterpret_cast<char*>(buffer), part, sent.sent);
      sent.sent += part;
      if (sent.sent == sent.text.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(part);
    };
    const int32_t id = nghttp2_submit_request(session_, nullptr, headers, std::size(headers), &provider, nullptr);
    Flush();
    return id;
  }

  // Until the reply ends, or has that many bytes.
  Reply Await(int32_t id, size_t enough = std::string::npos) {
    char buffer[16384];
    while (replies_[id].end != Reply::End::kComplete && replies_[id].body.size() < enough) {
      const long n = connection_.Read(buffer, sizeof(buffer));
      if (n <= 0) {
        replies_[id].end = n < 0 ? Reply::End::kReset : Reply::End::kCut;
        break;
      }
      nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(buffer), static_cast<size_t>(n));
      Flush();
    }
    return replies_[id];
  }

 private:
  struct Body {
    std::string text;
    size_t sent;
  };
  void Flush() {
    const uint8_t* bytes = nullptr;
    for (ssize_t n = nghttp2_session_mem_send(session_, &bytes); n > 0;
         n = nghttp2_session_mem_send(session_, &bytes)) {
      connection_.Write(std::string_view(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n)));
    }
  }

  ClientConnection connection_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Reply> replies_;
  std::vector<std::unique_ptr<Body>> bodies_;
};

class Http2Test : public PortalTest {};

TEST_F(Http2Test, AHeldStreamDoesNotStopTheOthers) {
  H2Client client(https(), simulator_->ports().ca);
  ASSERT_TRUE(client.ok());
  AddFaults(Json{{"method", "imbot.v2.Revision.get"}, {"kind", "hold_before"}});
  const int32_t held = client.Post(Url("imbot.v2.Revision.get"), "{}");
  AwaitHeld(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Await(client.Post(Url("server.time"), "{}")).status, 200);
  ControlPost("/release", Json::object());
  const Reply reply = client.Await(held);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["result"]["rest"], 36);
  EXPECT_EQ(Control("/received")["received"][0]["protocol"], "h2");
  EXPECT_EQ(Control("/ledger")["executed"][0]["delivered"], true);
}

TEST_F(Http2Test, BodiesLargerThanTheWindowsPassBothWays) {
  H2Client client(https(), simulator_->ports().ca);
  ASSERT_TRUE(client.ok());
  const std::string large(3'000'000, 'x');
  AddFaults(Json{{"method", "server.time"}, {"kind", "body"}, {"args", {{"body", large}}}});
  const Reply reply = client.Await(client.Post(Url("server.time"), Json{{"x", large}}.dump()));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.size(), large.size());
}

TEST_F(Http2Test, AnEndlessReplyLastsAsLongAsItsClient) {
  AddFaults(Json{{"kind", "endless"}});
  {
    H2Client client(https(), simulator_->ports().ca);
    ASSERT_TRUE(client.ok());
    const Reply reply = client.Await(client.Post(Url("server.time"), "{}"), 1 << 20);
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(reply.end, Reply::End::kComplete);
    EXPECT_EQ(reply.body.find_first_not_of(' '), std::string::npos);
  }
  for (int i = 0; i < 20'000 && Control("/stats")["inProgress"] != 0; ++i) {
  }
  EXPECT_EQ(Control("/stats")["inProgress"], 0);
}

TEST_F(Http2Test, CutsAndResetsEndTheConnection) {
  for (const char* kind : {"cut", "reset_after", "close_before"}) {
    AddFaults(Json{{"kind", kind}});
    H2Client client(https(), simulator_->ports().ca);
    ASSERT_TRUE(client.ok());
    EXPECT_NE(client.Await(client.Post(Url("server.time"), "{}")).end, Reply::End::kComplete) << kind;
  }
}

}  // namespace
}  // namespace simulator
