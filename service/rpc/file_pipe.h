// The two pipes through which a file passes the gateway: from gRPC's threads to a portal's loop, and back.
//
// Each holds at most a little over kRoom bytes; whoever fills it waits for room, and thereby whoever sends to him: a
// slow reader slows the portal's transfer, a slow portal the caller's. One side may be gone before the other, so both
// share the pipe. Thread-safe; callbacks are called without the lock.
#ifndef IMBOT_SERVICE_RPC_FILE_PIPE_H_
#define IMBOT_SERVICE_RPC_FILE_PIPE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "service/base/mutex.h"
#include "service/transport/transport.h"

namespace imbot::rpc {

inline constexpr size_t kPipeRoom = size_t{256} << 10;

// A caller's pieces, which go out as base64 inside a JSON body.
class UploadPipe final : public transport::BodySource {
 public:
  // The caller's side, one thread at a time. True: there is room for more; false: `on_room` will be called, once.
  [[nodiscard]] bool Push(std::string piece, std::function<void()> on_room) IMBOT_EXCLUDES(mutex_);
  // There are no more pieces.
  void Finish() IMBOT_EXCLUDES(mutex_);
  // There won't be a whole file, or nobody waits for it any more. Does nothing once the portal has everything.
  void Abort() IMBOT_EXCLUDES(mutex_);
  // Bytes pushed so far.
  uint64_t size() const IMBOT_EXCLUDES(mutex_);

  // What surrounds the pieces. Once, before the transfer begins.
  void Surround(std::string before, std::string after) IMBOT_EXCLUDES(mutex_);

  // The transport's side.
  void Begin(std::function<void()> resume) override IMBOT_EXCLUDES(mutex_);
  Piece Read(std::span<char> buffer) override IMBOT_EXCLUDES(mutex_);

 private:
  // Makes the next part of the body ready in `ready_`; whether there is one.
  bool Refill() IMBOT_REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  std::deque<std::string> pieces_ IMBOT_GUARDED_BY(mutex_);
  size_t front_at_ IMBOT_GUARDED_BY(mutex_) = 0;  // how much of the first piece has been taken
  size_t waiting_ IMBOT_GUARDED_BY(mutex_) = 0;   // bytes in pieces_ that have not
  uint64_t size_ IMBOT_GUARDED_BY(mutex_) = 0;
  std::string left_over_ IMBOT_GUARDED_BY(mutex_);  // up to two bytes, until there are three to encode
  std::string before_ IMBOT_GUARDED_BY(mutex_), after_ IMBOT_GUARDED_BY(mutex_);
  std::string ready_ IMBOT_GUARDED_BY(mutex_);  // of the body, from ready_at_ on
  size_t ready_at_ IMBOT_GUARDED_BY(mutex_) = 0;
  bool begun_ IMBOT_GUARDED_BY(mutex_) = false;     // `before_` has been taken
  bool finished_ IMBOT_GUARDED_BY(mutex_) = false;  // by the caller
  bool closed_ IMBOT_GUARDED_BY(mutex_) = false;    // `after_` has been taken
  bool aborted_ IMBOT_GUARDED_BY(mutex_) = false;
  std::function<void()> resume_ IMBOT_GUARDED_BY(mutex_);
  std::function<void()> on_room_ IMBOT_GUARDED_BY(mutex_);
};

// A portal's pieces, on their way to the caller.
class DownloadPipe final : public transport::BodySink {
 public:
  // What is known of the whole file.
  struct Head {
    std::string content_type;
    std::optional<uint64_t> size;
  };

  // The caller's side, one thread at a time. The next piece; nothing: `on_data` will be called, once, when there is one
  // or when Begin() has come.
  [[nodiscard]] std::optional<std::string> Pop(std::function<void()> on_data) IMBOT_EXCLUDES(mutex_);
  // Set as soon as the portal has begun to answer.
  std::optional<Head> head() const IMBOT_EXCLUDES(mutex_);
  bool empty() const IMBOT_EXCLUDES(mutex_);
  // Nobody reads any more.
  void Abort() IMBOT_EXCLUDES(mutex_);

  // The transport's side.
  void Begin(std::function<void()> resume, std::string_view content_type, std::optional<uint64_t> length) override
      IMBOT_EXCLUDES(mutex_);
  Taken Write(std::string_view part) override IMBOT_EXCLUDES(mutex_);

 private:
  mutable base::Mutex mutex_;
  std::string waiting_ IMBOT_GUARDED_BY(mutex_);
  std::optional<Head> head_ IMBOT_GUARDED_BY(mutex_);
  bool full_ IMBOT_GUARDED_BY(mutex_) = false;  // the transport waits for room
  bool aborted_ IMBOT_GUARDED_BY(mutex_) = false;
  std::function<void()> resume_ IMBOT_GUARDED_BY(mutex_);
  std::function<void()> on_data_ IMBOT_GUARDED_BY(mutex_);
};

}  // namespace imbot::rpc

#endif  // IMBOT_SERVICE_RPC_FILE_PIPE_H_
