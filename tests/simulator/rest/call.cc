#include "tests/simulator/rest/call.h"

namespace simulator {

Task<bool> Call::At(Point point) {
  std::optional<Fault> fault = faults_->Take(point, method, portal_->name());
  if (!fault) co_return true;
  fault_kind_ = fault->kind;
  if (fault->action == FaultAction::kDelay) {
    co_await loop_->Sleep(fault->delay);
    co_return true;
  }
  if (fault->action == FaultAction::kHold) {
    co_await held_->Wait();
    co_return true;
  }
  ended_by_ = std::move(fault);
  co_return false;
}

}  // namespace simulator
