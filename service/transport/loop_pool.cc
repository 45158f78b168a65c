#include "service/transport/loop_pool.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

namespace imbot::transport {
namespace {

// FNV-1a: absl::Hash differs from process to process.
uint64_t StableHash(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoopPool>> LoopPool::Create(size_t count, HttpOptions options, Resolver& resolver,
                                                           const base::Clock& clock) {
  if (count == 0) return absl::InvalidArgumentError("at least one loop is needed");
  const auto shared = std::make_shared<const HttpOptions>(std::move(options));
  std::vector<std::unique_ptr<CurlLoop>> loops;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<CurlLoop>> loop =
        CurlLoop::Create(absl::StrCat("imbot-loop-", i), shared, resolver, clock);
    if (!loop.ok()) return loop.status();
    loops.push_back(*std::move(loop));
  }
  return std::unique_ptr<LoopPool>(new LoopPool(std::move(loops), clock));
}

LoopPool::LoopPool(std::vector<std::unique_ptr<CurlLoop>> loops, const base::Clock& clock)
    : loops_(std::move(loops)), clock_(clock) {}
LoopPool::~LoopPool() {
  Stop(base::Duration::zero());
}

Loop& LoopPool::For(std::string_view portal) {
  return *loops_[StableHash(portal) % loops_.size()];
}

size_t LoopPool::in_flight() const {
  size_t sum = 0;
  for (const auto& loop : loops_) sum += loop->in_flight();
  return sum;
}

void LoopPool::Stop(base::Duration grace) {
  const base::MonoTime deadline = clock_.Now() + grace;
  for (const auto& loop : loops_) loop->BeginStop(deadline);
  for (const auto& loop : loops_) loop->Join();
}

}  // namespace imbot::transport
