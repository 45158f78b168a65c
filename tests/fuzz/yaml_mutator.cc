// Puts values where other values stand in a configuration, among them the secret that no mistake may repeat.
// libFuzzer's own changes of bytes put it into no field's place in any time that a run has. Only in builds with
// libFuzzer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  static const std::string_view kValues[] = {"S3cret!Value",
                                             "S3cret!Value",
                                             "S3cret!Value",
                                             "true",
                                             "-1",
                                             "0",
                                             "1e3",
                                             "99999999999999999999",
                                             "1m30s",
                                             "0s",
                                             "\"5\"",
                                             "~",
                                             "''",
                                             "[]",
                                             "{}",
                                             "[a, b]",
                                             "{file: gateway.yaml}",
                                             "{env: CODE}",
                                             "127.0.0.1:0",
                                             "0.0.0.0:65536",
                                             "[::1]:1",
                                             "https://acme.bitrix24.com",
                                             "http://a/b?c#d"};
  std::minstd_rand random(seed);
  if (random() % 2 == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<size_t> places;  // of values
  for (size_t at = text.find(": "); at != text.npos; at = text.find(": ", at + 1)) places.push_back(at + 2);
  for (size_t at = text.find("- "); at != text.npos; at = text.find("- ", at + 1)) places.push_back(at + 2);
  if (places.empty()) return LLVMFuzzerMutate(data, size, max_size);
  const size_t place = places[random() % places.size()];
  const size_t end = std::min(text.find_first_of("\n,}]", place), text.size());
  text.replace(place, end - place, kValues[random() % std::size(kValues)]);
  if (text.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, text.data(), text.size());
  return text.size();
}
