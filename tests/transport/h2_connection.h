// The server's side of one HTTP/2 connection, as little of RFC 9113 as tests need: headers of requests are skipped
// unread, replies are one HEADERS and one DATA frame. What makes it worth writing: a test says frame by frame what a
// server does to its streams.
#ifndef IMBOT_TESTS_TRANSPORT_H2_CONNECTION_H_
#define IMBOT_TESTS_TRANSPORT_H2_CONNECTION_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/transport/test_server.h"

namespace imbot::transport {

class H2Connection {
 public:
  struct Stream {
    uint32_t id = 0;
    std::string body;
  };

  explicit H2Connection(Connection& connection) : connection_(connection) {}

  // Reads the client's preface and sends the settings: as many streams at once as `max_streams`.
  bool Start(uint32_t max_streams = 1000) {
    char preface[24];
    if (!connection_.ReadWhole(preface, sizeof(preface)) || std::string_view(preface, 14) != "PRI * HTTP/2.0")
      return false;
    std::string settings;
    settings.append({'\0', '\x03'});  // SETTINGS_MAX_CONCURRENT_STREAMS
    Number(settings, max_streams);
    Frame(kSettings, 0, 0, settings);
    return true;
  }

  // The next request whose body is whole; nothing at the end.
  std::optional<Stream> ReadRequest() {
    char head[9];
    while (connection_.ReadWhole(head, sizeof(head))) {
      const size_t size =
          static_cast<size_t>(Byte(head[0])) << 16 | static_cast<size_t>(Byte(head[1])) << 8 | Byte(head[2]);
      const uint32_t type = Byte(head[3]);
      const uint32_t flags = Byte(head[4]);
      const uint32_t id = (Byte(head[5]) & 0x7fu) << 24 | Byte(head[6]) << 16 | Byte(head[7]) << 8 | Byte(head[8]);
      std::string payload(size, '\0');
      if (!connection_.ReadWhole(payload.data(), size)) return std::nullopt;
      if (type == kSettings && (flags & kAck) == 0) Frame(kSettings, kAck, 0, "");
      if (type == kPing && (flags & kAck) == 0) Frame(kPing, kAck, 0, payload);
      if (type == kData) {
        bodies_[id] += payload;
        std::string credit;
        Number(credit, static_cast<uint32_t>(size));
        if (size > 0) Frame(kWindowUpdate, 0, 0, credit);
        if (size > 0 && (flags & kEndStream) == 0) Frame(kWindowUpdate, 0, id, credit);
      }
      if ((type == kHeaders || type == kData) && (flags & kEndStream) != 0) {
        Stream stream{id, std::move(bodies_[id])};
        bodies_.erase(id);
        return stream;
      }
    }
    return std::nullopt;
  }

  void Reply(uint32_t id, std::string_view body) {
    Frame(kHeaders, kEndHeaders, id, "\x88");  // :status 200, from HPACK's static table
    Frame(kData, kEndStream, id, body);
  }
  // Nothing was done about this stream.
  void Refuse(uint32_t id) {
    std::string code;
    Number(code, 7);  // REFUSED_STREAM
    Frame(kResetStream, 0, id, code);
  }
  // Nothing was, and will be, done about streams after `last`.
  void GoAway(uint32_t last) {
    std::string payload;
    Number(payload, last);
    Number(payload, 0);
    Frame(kGoAway, 0, 0, payload);
  }

 private:
  static constexpr uint8_t kData = 0, kHeaders = 1, kResetStream = 3, kSettings = 4, kPing = 6, kGoAway = 7,
                           kWindowUpdate = 8;
  static constexpr uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4;

  static uint32_t Byte(char c) { return static_cast<unsigned char>(c); }
  static void Number(std::string& out, uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xff));
  }
  void Frame(uint8_t type, uint8_t flags, uint32_t id, std::string_view payload) {
    std::string frame;
    Number(frame, static_cast<uint32_t>(payload.size()) << 8 | type);
    frame.push_back(static_cast<char>(flags));
    Number(frame, id);
    frame.append(payload);
    connection_.Write(frame);
  }

  Connection& connection_;
  std::map<uint32_t, std::string> bodies_;
};

}  // namespace imbot::transport

#endif  // IMBOT_TESTS_TRANSPORT_H2_CONNECTION_H_
