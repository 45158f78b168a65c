#include "service/transport/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace imbot::transport {
namespace {

struct Range {
  const char* prefix;
  size_t bits;
  AddressScope scope;
};

// The first range that holds an address decides. Metadata services come first, since some live inside ranges that can
// be allowed.
constexpr Range kV4Ranges[] = {
    {"100.100.100.200", 32, AddressScope::kForbidden},  // metadata of Alibaba Cloud, inside 100.64.0.0/10
    {"0.0.0.0", 8, AddressScope::kForbidden},           // Linux connects 0.0.0.0 to itself
    {"127.0.0.0", 8, AddressScope::kLoopback},
    {"10.0.0.0", 8, AddressScope::kPrivate},
    {"172.16.0.0", 12, AddressScope::kPrivate},
    {"192.168.0.0", 16, AddressScope::kPrivate},
    {"100.64.0.0", 10, AddressScope::kPrivate},
    {"198.18.0.0", 15, AddressScope::kPrivate},
    {"169.254.0.0", 16,
     AddressScope::kForbidden},  // link-local; 169.254.169.254 is the metadata service of most clouds
    {"192.0.0.0", 24, AddressScope::kForbidden},
    {"192.0.2.0", 24, AddressScope::kForbidden},
    {"192.88.99.0", 24, AddressScope::kForbidden},
    {"198.51.100.0", 24, AddressScope::kForbidden},
    {"203.0.113.0", 24, AddressScope::kForbidden},
    {"224.0.0.0", 3, AddressScope::kForbidden},  // multicast, reserved, broadcast
    {"0.0.0.0", 0, AddressScope::kPublic},
};

constexpr Range kV6Ranges[] = {
    {"fd00:ec2::", 32, AddressScope::kForbidden},     // metadata and identity services of AWS, inside fc00::/7
    {"fd20:ce::254", 128, AddressScope::kForbidden},  // metadata service of Google Cloud
    {"::1", 128, AddressScope::kLoopback},
    {"fc00::", 7, AddressScope::kPrivate},
    {"2001::", 23, AddressScope::kForbidden},  // Teredo, ORCHID and other special purposes
    {"2001:db8::", 32, AddressScope::kForbidden},
    {"2002::", 16, AddressScope::kForbidden},  // 6to4
    {"3fff::", 20, AddressScope::kForbidden},
    {"2000::", 3, AddressScope::kPublic},  // the only range from which global unicast addresses are given out
    {"::", 0, AddressScope::kForbidden},
};

// Both hold an IPv4 address in their last four bytes: IPv4-mapped, and the well-known prefix of NAT64 (RFC 6052).
constexpr Range kV4Inside[] = {
    {"::ffff:0:0", 96, AddressScope::kPublic},
    {"64:ff9b::", 96, AddressScope::kPublic},
};

bool Contains(const Range& range, const Address& address) {
  const std::optional<Address> prefix = Address::Parse(range.prefix);
  const std::span<const uint8_t> left = prefix->bytes();
  const std::span<const uint8_t> right = address.bytes();
  if (left.size() != right.size()) return false;
  const size_t whole = range.bits / 8;
  if (!std::equal(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(whole), right.begin())) return false;
  const size_t rest = range.bits % 8;
  return rest == 0 || ((left[whole] ^ right[whole]) >> (8 - rest)) == 0;
}

}  // namespace

std::optional<Address> Address::Parse(std::string_view text) {
  const std::string terminated(text);
  Address address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes_.data()) == 1) return address;
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) {
    address.size_ = 16;
    return address;
  }
  return std::nullopt;
}

std::optional<Address> Address::FromBytes(std::span<const uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address address;
  address.size_ = bytes.size();
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

std::string Address::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof(text));
  return text;
}

AddressScope ScopeOf(const Address& address) {
  if (!address.is_v4()) {
    for (const Range& range : kV4Inside) {
      if (Contains(range, address)) return ScopeOf(*Address::FromBytes(address.bytes().last(4)));
    }
    for (const Range& range : kV6Ranges) {
      if (Contains(range, address)) return range.scope;
    }
    return AddressScope::kForbidden;
  }
  for (const Range& range : kV4Ranges) {
    if (Contains(range, address)) return range.scope;
  }
  return AddressScope::kForbidden;
}

AddressPolicy AllowScopes(AllowedScopes allowed) {
  return [allowed](std::string_view, const Address& address) {
    switch (ScopeOf(address)) {
      case AddressScope::kPublic:
        return true;
      case AddressScope::kPrivate:
        return allowed.private_networks;
      case AddressScope::kLoopback:
        return allowed.loopback;
      case AddressScope::kForbidden:
        return false;
    }
    return false;
  };
}

}  // namespace imbot::transport
