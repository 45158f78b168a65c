#include "service/rpc/file_pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"

namespace imbot::rpc {
namespace {

// What is encoded at once.
constexpr size_t kStep = size_t{48} << 10;

void Call(const std::function<void()>& function) {
  if (function) function();
}

}  // namespace

bool UploadPipe::Push(std::string piece, std::function<void()> on_room) {
  std::function<void()> resume;
  bool room = false;
  {
    base::MutexLock lock(mutex_);
    size_ += piece.size();
    if (aborted_ || piece.empty()) return true;
    waiting_ += piece.size();
    pieces_.push_back(std::move(piece));
    room = waiting_ < kPipeRoom;
    if (!room) on_room_ = std::move(on_room);
    resume = resume_;
  }
  Call(resume);
  return room;
}

void UploadPipe::Finish() {
  std::function<void()> resume;
  {
    base::MutexLock lock(mutex_);
    finished_ = true;
    resume = resume_;
  }
  Call(resume);
}

void UploadPipe::Abort() {
  std::function<void()> resume, room;
  {
    base::MutexLock lock(mutex_);
    if (closed_ || std::exchange(aborted_, true)) return;
    pieces_.clear();
    front_at_ = 0;
    waiting_ = 0;
    resume = resume_;
    room = std::exchange(on_room_, nullptr);
  }
  Call(resume);
  Call(room);
}

uint64_t UploadPipe::size() const {
  base::MutexLock lock(mutex_);
  return size_;
}

void UploadPipe::Surround(std::string before, std::string after) {
  base::MutexLock lock(mutex_);
  before_ = std::move(before);
  after_ = std::move(after);
}

void UploadPipe::Begin(std::function<void()> resume) {
  base::MutexLock lock(mutex_);
  resume_ = std::move(resume);
}

bool UploadPipe::Refill() {
  ready_at_ = 0;
  ready_.clear();
  if (!std::exchange(begun_, true)) {
    ready_ = std::move(before_);
    if (!ready_.empty()) return true;
  }
  while (!pieces_.empty() && ready_.empty()) {
    const std::string& piece = pieces_.front();
    const size_t taken = std::min(kStep, piece.size() - front_at_);
    left_over_.append(piece, front_at_, taken);
    front_at_ += taken;
    waiting_ -= taken;
    if (front_at_ == piece.size()) {
      pieces_.pop_front();
      front_at_ = 0;
    }
    const size_t whole = left_over_.size() / 3 * 3;
    ready_ = absl::Base64Escape(absl::string_view(left_over_.data(), whole));
    left_over_.erase(0, whole);
  }
  if (!ready_.empty()) return true;
  if (!finished_ || closed_) return false;
  closed_ = true;
  ready_ = absl::Base64Escape(left_over_) + after_;
  left_over_.clear();
  return !ready_.empty();
}

transport::BodySource::Piece UploadPipe::Read(std::span<char> buffer) {
  std::function<void()> room;
  Piece piece;
  {
    base::MutexLock lock(mutex_);
    if (aborted_) return {State::kAbort, 0};
    if (ready_at_ == ready_.size() && !Refill()) return {closed_ ? State::kEnd : State::kWait, 0};
    piece = {State::kData, std::min(buffer.size(), ready_.size() - ready_at_)};
    std::memcpy(buffer.data(), ready_.data() + ready_at_, piece.size);
    ready_at_ += piece.size;
    if (waiting_ < kPipeRoom / 2) room = std::exchange(on_room_, nullptr);
  }
  Call(room);
  return piece;
}

std::optional<std::string> DownloadPipe::Pop(std::function<void()> on_data) {
  std::string piece;
  std::function<void()> resume;
  {
    base::MutexLock lock(mutex_);
    if (waiting_.empty()) {
      on_data_ = std::move(on_data);
      return std::nullopt;
    }
    piece = std::exchange(waiting_, {});
    if (std::exchange(full_, false)) resume = resume_;
  }
  Call(resume);
  return piece;
}

std::optional<DownloadPipe::Head> DownloadPipe::head() const {
  base::MutexLock lock(mutex_);
  return head_;
}

bool DownloadPipe::empty() const {
  base::MutexLock lock(mutex_);
  return waiting_.empty();
}

void DownloadPipe::Abort() {
  std::function<void()> resume;
  {
    base::MutexLock lock(mutex_);
    aborted_ = true;
    waiting_.clear();
    on_data_ = nullptr;
    resume = resume_;
  }
  Call(resume);
}

void DownloadPipe::Begin(std::function<void()> resume, std::string_view content_type, std::optional<uint64_t> length) {
  std::function<void()> on_data;
  {
    base::MutexLock lock(mutex_);
    resume_ = std::move(resume);
    head_ = Head{std::string(content_type), length};
    on_data = std::exchange(on_data_, nullptr);
  }
  Call(on_data);
}

transport::BodySink::Taken DownloadPipe::Write(std::string_view part) {
  std::function<void()> on_data;
  {
    base::MutexLock lock(mutex_);
    if (aborted_) return Taken::kAbort;
    if (waiting_.size() >= kPipeRoom) {
      full_ = true;
      return Taken::kWait;
    }
    waiting_.append(part);
    on_data = std::exchange(on_data_, nullptr);
  }
  Call(on_data);
  return Taken::kAll;
}

}  // namespace imbot::rpc
