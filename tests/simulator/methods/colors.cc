#include "tests/simulator/methods/colors.h"

#include <array>

#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

struct Color {
  std::string_view code;
  std::string_view hex;
};
constexpr std::array<Color, 16> kColors = {{{"RED", "#df532d"},
                                            {"GREEN", "#64a513"},
                                            {"MINT", "#4ba984"},
                                            {"LIGHT_BLUE", "#4ba5c3"},
                                            {"DARK_BLUE", "#3e99ce"},
                                            {"PURPLE", "#8474c8"},
                                            {"AQUA", "#1eb4aa"},
                                            {"PINK", "#f76187"},
                                            {"LIME", "#58cc47"},
                                            {"BROWN", "#ab7761"},
                                            {"AZURE", "#29619b"},
                                            {"KHAKI", "#728f7a"},
                                            {"SAND", "#ba9c7b"},
                                            {"MARENGO", "#556574"},
                                            {"GRAY", "#909090"},
                                            {"GRAPHITE", "#5e5f5e"}}};

}  // namespace

std::string ColorCode(const std::string& color) {
  std::string snake;
  for (size_t i = 0; i < color.size(); ++i) {
    const bool lower_before = i > 0 && color[i - 1] >= 'a' && color[i - 1] <= 'z';
    if (lower_before && color[i] >= 'A' && color[i] <= 'Z') snake += '_';
    snake += color[i];
  }
  snake = AsciiUpper(snake);
  return ColorHex(snake).empty() ? std::string() : snake;
}

std::string ColorHex(std::string_view code) {
  for (const Color& row : kColors) {
    if (row.code == code) return std::string(row.hex);
  }
  return std::string();
}

}  // namespace simulator
