#include "imbot/client/attach.h"

#include <utility>

namespace imbot::client {
namespace {

using bitrix24::types::v1::ColorToken;

// Writes where a click leads; not every part of an attachment has each of these.
template <typename Message>
class TargetWriter {
 public:
  explicit TargetWriter(Message* message) : message_(*message) {}
  void operator()(const std::monostate&) const {}
  void operator()(const Link& to) const { message_.set_link(to.url); }
  void operator()(const ToUser& to) const { message_.set_user_id(to.user_id); }
  void operator()(const ToChat& to) const { message_.set_chat_id(to.chat_id); }
  void operator()(const ToBot& to) const { message_.set_bot_id(to.user_id); }
  void operator()(const ToNetworkUser& to) const { message_.set_network_id(to.network_id); }

 private:
  Message& message_;
};

// For what has both a colour and a name of one: the other is taken away.
template <typename Message>
void SetColor(const Color& color, Message* message) {
  message->clear_color();
  message->clear_color_token();
  if (const auto* token = std::get_if<ColorToken>(&color); token != nullptr) {
    message->set_color_token(*token);
  } else {
    message->set_color(ToText(std::get<Rgb>(color)));
  }
}

template <typename Message>
void SetSize(const std::optional<PixelSize>& size, Message* message) {
  if (!size.has_value()) return;
  message->set_width(size->width);
  message->set_height(size->height);
}

}  // namespace

AttachBuilder& AttachBuilder::Id(int64_t id) {
  attach_.set_id(id);
  return *this;
}

AttachBuilder& AttachBuilder::ColorScheme(Color color) {
  SetColor(color, &attach_);
  return *this;
}

AttachBuilder& AttachBuilder::Text(std::string text) {
  attach_.add_blocks()->set_message(std::move(text));
  return *this;
}

AttachBuilder& AttachBuilder::Person(const AttachPerson& person) {
  auto* const user = attach_.add_blocks()->mutable_user();
  user->set_name(person.name);
  if (!person.avatar_url.empty()) user->set_avatar(person.avatar_url);
  if (person.avatar_type != bitrix24::types::v1::AVATAR_TYPE_UNSPECIFIED) user->set_avatar_type(person.avatar_type);
  std::visit(TargetWriter(user), person.target);
  return *this;
}

AttachBuilder& AttachBuilder::Link(const AttachLink& link) {
  auto* const added = attach_.add_blocks()->mutable_link();
  added->set_link(link.url);
  if (!link.name.empty()) added->set_name(link.name);
  if (const auto* text = std::get_if<std::string>(&link.description); text != nullptr) {
    if (!text->empty()) added->set_desc(*text);
  } else if (const auto* html = std::get_if<AttachHtml>(&link.description); html != nullptr) {
    added->set_html(html->html);
  }
  if (!link.preview_url.empty()) added->set_preview(link.preview_url);
  SetSize(link.preview_size, added);
  std::visit(TargetWriter(added), link.target);
  return *this;
}

AttachBuilder& AttachBuilder::Delimiter(std::optional<int> width, std::optional<Rgb> color) {
  auto* const delimiter = attach_.add_blocks()->mutable_delimiter();
  if (width.has_value()) delimiter->set_size(*width);
  if (color.has_value()) delimiter->set_color(ToText(*color));
  return *this;
}

AttachBuilder& AttachBuilder::Rows(const std::vector<AttachCell>& cells) {
  return Grid(bitrix24::types::v1::GRID_DISPLAY_ROW, cells);
}
AttachBuilder& AttachBuilder::Stacked(const std::vector<AttachCell>& cells) {
  return Grid(bitrix24::types::v1::GRID_DISPLAY_BLOCK, cells);
}
AttachBuilder& AttachBuilder::SideBySide(const std::vector<AttachCell>& cells) {
  return Grid(bitrix24::types::v1::GRID_DISPLAY_LINE, cells);
}
AttachBuilder& AttachBuilder::Table(const std::vector<AttachCell>& cells) {
  return Grid(bitrix24::types::v1::GRID_DISPLAY_TABLE, cells);
}

AttachBuilder& AttachBuilder::Grid(bitrix24::types::v1::GridDisplay display, const std::vector<AttachCell>& cells) {
  if (cells.empty()) return *this;
  auto* const block = attach_.add_blocks();
  for (const AttachCell& cell : cells) {
    auto* const item = block->add_grid();
    item->set_display(display);
    if (!cell.name.empty()) item->set_name(cell.name);
    if (!cell.value.empty()) item->set_value(cell.value);
    if (cell.color.has_value()) SetColor(*cell.color, item);
    if (cell.width.has_value()) item->set_width(*cell.width);
    if (cell.height.has_value()) item->set_height(*cell.height);
    std::visit(TargetWriter(item), cell.target);
  }
  return *this;
}

AttachBuilder& AttachBuilder::Pictures(const std::vector<AttachPicture>& pictures) {
  if (pictures.empty()) return *this;
  auto* const block = attach_.add_blocks();
  for (const AttachPicture& picture : pictures) {
    auto* const image = block->add_image();
    image->set_link(picture.url);
    if (!picture.name.empty()) image->set_name(picture.name);
    if (!picture.preview_url.empty()) image->set_preview(picture.preview_url);
    SetSize(picture.size, image);
  }
  return *this;
}

AttachBuilder& AttachBuilder::Downloads(const std::vector<AttachDownload>& files) {
  if (files.empty()) return *this;
  auto* const block = attach_.add_blocks();
  for (const AttachDownload& file : files) {
    auto* const added = block->add_file();
    added->set_link(file.url);
    if (!file.name.empty()) added->set_name(file.name);
    if (file.bytes.has_value()) added->set_size(*file.bytes);
  }
  return *this;
}

}  // namespace imbot::client
