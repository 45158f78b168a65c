#include "service/portal/pace.h"

#include <algorithm>
#include <cmath>

namespace imbot::portal {
namespace {

using std::chrono::duration;
using std::chrono::duration_cast;

// Until something is known.
constexpr double kGuess = 0.2;
// Of a command, while only a guess would refuse calls: a portal takes 30 to 50 ms for most.
constexpr double kKindGuess = 0.05;

}  // namespace

void Pace::Estimate::Add(double sample) {
  if (!known) {
    known = true;
    mean = sample;
    deviation = sample / 2;
    return;
  }
  deviation += (std::abs(sample - mean) - deviation) / 4;
  mean += (sample - mean) / 8;
}

void Pace::OnAnswered(size_t commands, base::Duration took) {
  const double seconds = duration<double>(took).count();
  if (commands <= 1) return single_.Add(seconds);
  per_command_.Add(seconds / static_cast<double>(commands));
  if (commands >= most_) most_ = std::min(kMostCommands, most_ + most_ / 4 + 1);
}

void Pace::OnTooSlow(size_t commands) {
  most_ = std::max<size_t>(1, std::min(most_, commands / 2));
}

double Pace::PerCommand() const {
  if (per_command_.known) return per_command_.high();
  // A call alone has the whole cost of a request; a command has a part of it.
  return single_.known ? std::min(single_.high(), kGuess) : kGuess;
}

base::Duration Pace::Expect(size_t commands) const {
  const double single = single_.known ? single_.high() : kGuess;
  double whole = single;
  if (commands > 1 && per_command_.known) {
    whole = PerCommand() * static_cast<double>(commands);
  } else if (commands > 1) {
    whole = std::max(single, std::min(single, kKindGuess) * static_cast<double>(commands));
  }
  return duration_cast<base::Duration>(duration<double>(whole));
}

size_t Pace::MostCommands(base::Duration available) const {
  const double seconds = duration<double>(std::min(available, kLongestBatch)).count();
  const double fit = std::clamp(seconds / std::max(PerCommand(), 1e-6), 1.0, static_cast<double>(kMostCommands));
  return std::min(most_, static_cast<size_t>(fit));
}

}  // namespace imbot::portal
