#include "service/transport/transport.h"

namespace imbot::transport {

std::string_view FailureName(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::kDns:
      return "DNS";
    case Failure::Kind::kConnect:
      return "CONNECT";
    case Failure::Kind::kTls:
      return "TLS";
    case Failure::Kind::kBlocked:
      return "BLOCKED";
    case Failure::Kind::kTimeout:
      return "TIMEOUT";
    case Failure::Kind::kReset:
      return "RESET";
    case Failure::Kind::kAborted:
      return "ABORTED";
    case Failure::Kind::kReplyTooLarge:
      return "REPLY_TOO_LARGE";
    case Failure::Kind::kBadReply:
      return "BAD_REPLY";
    case Failure::Kind::kStopped:
      return "STOPPED";
  }
  return "UNKNOWN";
}

}  // namespace imbot::transport
