// An IPv4 or IPv6 address, and which of them the gateway may talk to.
//
// Value types and pure functions: thread-compatible, no system calls.
#ifndef IMBOT_SERVICE_TRANSPORT_ADDRESS_H_
#define IMBOT_SERVICE_TRANSPORT_ADDRESS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace imbot::transport {

class Address {
 public:
  // "192.0.2.1" or "2001:db8::1", without brackets, port or zone.
  static std::optional<Address> Parse(std::string_view text);
  // 4 or 16 bytes in network order; anything else is no address.
  static std::optional<Address> FromBytes(std::span<const uint8_t> bytes);

  bool is_v4() const { return size_ == 4; }
  // 4 or 16 bytes in network order.
  std::span<const uint8_t> bytes() const { return std::span<const uint8_t>(bytes_).first(size_); }
  std::string ToString() const;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  Address() = default;

  std::array<uint8_t, 16> bytes_{};
  size_t size_ = 4;
};

enum class AddressScope {
  kPublic,    // can belong to a portal on the internet
  kPrivate,   // RFC 1918, RFC 6598 (carrier NAT), RFC 4193 (unique local), RFC 2544 (benchmarks)
  kLoopback,  // 127.0.0.0/8, ::1
  // Never a portal: this network, link-local, the metadata services of clouds wherever they live, multicast,
  // documentation, reserved, tunnels that hide an address of another family (6to4, Teredo).
  kForbidden,
};
// An IPv4 address inside an IPv6 one (mapped, NAT64) has the scope of the IPv4 address.
AddressScope ScopeOf(const Address& address);

// Whether a connection to `address`, which the name `host` stands for, may be made. Thread-safe: every loop calls it.
using AddressPolicy = std::function<bool(std::string_view host, const Address& address)>;

struct AllowedScopes {
  bool private_networks = false;
  bool loopback = false;
};
// Public addresses, and what `allowed` adds, for every host alike.
AddressPolicy AllowScopes(AllowedScopes allowed);

}  // namespace imbot::transport

#endif  // IMBOT_SERVICE_TRANSPORT_ADDRESS_H_
