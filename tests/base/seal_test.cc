#include "service/base/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "tests/base/counting_random.h"
#include "tests/base/temp_dir.h"

namespace imbot::base {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing_support::CountingRandom;
using testing_support::TempDir;

// The bytes 0 to 31.
constexpr char kKey[] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
constexpr char kKeyHex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
constexpr char kOtherKeyHex[] = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
// Computed with Python's cryptography.AESGCM: key above, nonce 100 to 111, associated data 01 630dcd29 "acme/support".
constexpr char kSealed[] = "AWMNzSlkZWZnaGlqa2xtbm8qK6pLDYY9+1BJLT0jNUDPSlHf7Xjrit2p";

SealKey Key(std::string_view text) {
  auto key = SealKey::Parse(text);
  EXPECT_TRUE(key.ok()) << key.status();
  return *std::move(key);
}

TEST(SealKey, IsReadFromBase64AndFromHex) {
  EXPECT_EQ(Key(kKey).id(), "630dcd29");
  EXPECT_EQ(Key(kKeyHex).id(), "630dcd29");
  EXPECT_EQ(Key(kKeyHex).bytes(), Key(kKey).bytes());
}

TEST(SealKey, RefusesOtherSizesWithoutShowingTheText) {
  for (const std::string bad : {"", "AAECAw==", "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                                "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"}) {
    const auto key = SealKey::Parse(bad);
    ASSERT_FALSE(key.ok()) << bad;
    if (!bad.empty()) {
      EXPECT_THAT(std::string(key.status().message()), Not(HasSubstr(bad)));
    }
  }
}

TEST(Sealer, SealsAsAnIndependentImplementationDoes) {
  CountingRandom random(100);
  const Sealer sealer(Key(kKey), {}, random);
  EXPECT_EQ(sealer.Seal(Secret("b0t-token"), "acme/support"), kSealed);
  const auto opened = sealer.Open(kSealed, "acme/support");
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->Reveal(), "b0t-token");
}

TEST(Sealer, UsesAFreshNonceEachTime) {
  const Sealer sealer(Key(kKey), {}, Random::System());
  EXPECT_NE(sealer.Seal(Secret("x"), "a/b"), sealer.Seal(Secret("x"), "a/b"));
}

TEST(Sealer, KeepsEmptyAndLongSecrets) {
  const Sealer sealer(Key(kKey), {}, Random::System());
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16}, size_t{100'000}}) {
    const std::string text(size, 'q');
    const auto opened = sealer.Open(sealer.Seal(Secret(text), "a/b"), "a/b");
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(opened->Reveal(), text);
  }
}

TEST(Sealer, DoesNotOpenARecordCopiedToAnotherBot) {
  const Sealer sealer(Key(kKey), {}, Random::System());
  const auto opened = sealer.Open(kSealed, "acme/sales");
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("acme/sales"));
}

TEST(Sealer, DoesNotOpenWhatWasChangedAtAnyByteOrCutAtAnyLength) {
  const Sealer sealer(Key(kKey), {}, Random::System());
  std::string raw;
  ASSERT_TRUE(absl::Base64Unescape(kSealed, &raw));
  for (size_t i = 0; i < raw.size(); ++i) {
    std::string changed = raw;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(sealer.Open(absl::Base64Escape(changed), "acme/support").status().code(), absl::StatusCode::kDataLoss)
        << i;
    EXPECT_EQ(sealer.Open(absl::Base64Escape(raw.substr(0, i)), "acme/support").status().code(),
              absl::StatusCode::kDataLoss)
        << i;
  }
  EXPECT_EQ(sealer.Open("not base64 !", "acme/support").status().code(), absl::StatusCode::kDataLoss);
}

TEST(Sealer, OpensOldKeysAndSealsUnderTheFirst) {
  std::vector<SealKey> old;
  old.push_back(Key(kKey));
  const Sealer rotated(Key(kOtherKeyHex), std::move(old), Random::System());
  ASSERT_TRUE(rotated.Open(kSealed, "acme/support").ok());
  EXPECT_TRUE(rotated.NeedsResealing(kSealed));
  const std::string fresh = rotated.Seal(Secret("b0t-token"), "acme/support");
  EXPECT_FALSE(rotated.NeedsResealing(fresh));

  const Sealer before(Key(kKey), {}, Random::System());
  const auto opened = before.Open(fresh, "acme/support");
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr(Key(kOtherKeyHex).id()));
}

TEST(LoadSealKey, RefusesAFileThatOthersMayReadUnlessToldSo) {
  const TempDir dir;
  const std::string closed = dir.Write("key", std::string(kKey) + "\n", 0600);
  EXPECT_TRUE(LoadSealKey(closed, KeyFileMode::kPrivate).ok());
  for (const int mode : {0640, 0604}) {
    const std::string open = dir.Write("open", kKeyHex, mode);
    const auto key = LoadSealKey(open, KeyFileMode::kPrivate);
    EXPECT_EQ(key.status().code(), absl::StatusCode::kPermissionDenied) << mode;
    EXPECT_THAT(std::string(key.status().message()), HasSubstr("chmod 600"));
    EXPECT_TRUE(LoadSealKey(open, KeyFileMode::kAny).ok()) << mode;
  }
}

TEST(LoadSealKey, NamesTheFileWhenItHoldsNoKey) {
  const TempDir dir;
  const std::string path = dir.Write("key", "hunter2");
  const auto key = LoadSealKey(path, KeyFileMode::kPrivate);
  EXPECT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(key.status().message()), HasSubstr(path));
  EXPECT_THAT(std::string(key.status().message()), Not(HasSubstr("hunter2")));
}

TEST(Sha256Hex, AgreesWithFips180) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(HmacSha256, AgreesWithRfc4231Case2) {
  const auto mac = HmacSha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(absl::BytesToHexString({reinterpret_cast<const char*>(mac.data()), mac.size()}),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(ConstantTimeEquals, ComparesLengthAndBytes) {
  EXPECT_TRUE(ConstantTimeEquals("", ""));
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "ab"));
}

}  // namespace
}  // namespace imbot::base
