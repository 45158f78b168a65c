// Structured content under a message's text.
//
//   *request.mutable_fields()->mutable_attach() =
//       AttachBuilder()
//           .Text("Request [b]#142[/b]")
//           .Rows({{.name = "Status", .value = "In progress"}, {.name = "Due", .value = "Friday"}})
//           .Delimiter()
//           .Link({.url = "https://example.com/requests/142", .name = "Open the request"})
//           .Build();
//
// Each call adds one block, below those before it, so that a block is always of exactly one kind. Addresses are
// `http://`, `https://`, or a path on the portal that begins with `/`; others, and required texts that are empty, are
// refused by the gateway, by their path. Serialised, an attachment may have at most 60,000 characters (30 KB by the
// pages of version 1), which the portal counts: beyond that the call ends with ATTACH_OVERSIZE or PARAM_ATTACH_ERROR.
// It is not carried into mail, XMPP and push messages. Fields left empty or unset are not sent. Thread-compatible.
#ifndef IMBOT_CLIENT_ATTACH_H_
#define IMBOT_CLIENT_ATTACH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bitrix24/types/v1/attach.pb.h"
#include "imbot/client/action.h"

namespace imbot::client {

struct PixelSize {
  int width, height;
};

// Card of a person.
struct AttachPerson {
  std::string name;             // required
  std::string avatar_url = {};  // the picture
  std::variant<std::monostate, imbot::client::Link, ToUser, ToChat, ToBot, ToNetworkUser> target = {};
  bitrix24::types::v1::AvatarType avatar_type = {};  // shape of the picture
};

struct AttachHtml {
  std::string html;
};

// Link with a caption and a preview.
struct AttachLink {
  std::string url;                                                         // required
  std::string name = {};                                                   // caption; default: the address
  std::variant<std::monostate, std::string, AttachHtml> description = {};  // as text, or in HTML
  std::string preview_url = {};                                            // a picture
  std::optional<PixelSize> preview_size = {};
  std::variant<std::monostate, ToUser, ToChat, ToNetworkUser> target = {};  // inside the messenger
};

// A name with its value, which may have the BB codes of a text. In Rows() one of the two may be left out: the other
// then takes the whole width.
struct AttachCell {
  std::string name = {};
  std::string value = {};
  std::optional<Color> color = {};                                                // of the value
  std::variant<std::monostate, imbot::client::Link, ToUser, ToChat> target = {};  // of the value
  std::optional<int> width = {}, height = {};                                     // pixels
};

struct AttachPicture {
  std::string url;  // required
  std::string name = {};
  std::string preview_url = {};  // a smaller one; default: the picture itself
  std::optional<PixelSize> size = {};
};

struct AttachDownload {
  std::string url;  // required
  std::string name = {};
  std::optional<int64_t> bytes = {};  // without it no proper size is shown
};

class AttachBuilder {
 public:
  AttachBuilder& Id(int64_t id);            // number of the attachment within the message
  AttachBuilder& ColorScheme(Color color);  // default: ColorToken BASE; an Rgb is for older clients

  // BB codes USER, CHAT, SEND, PUT, CALL, BR, B, U, I, S, URL. Not empty.
  AttachBuilder& Text(std::string text);
  AttachBuilder& Person(const AttachPerson& person);
  AttachBuilder& Link(const AttachLink& link);
  // A line across; width in pixels, default 200.
  AttachBuilder& Delimiter(std::optional<int> width = std::nullopt, std::optional<Rgb> color = std::nullopt);
  // Names and values: in two columns; one under the other; side by side, wrapped where there is no room; as a dense
  // table, which older clients show as rows. One layout to a block; without cells, none is added.
  AttachBuilder& Rows(const std::vector<AttachCell>& cells);
  AttachBuilder& Stacked(const std::vector<AttachCell>& cells);
  AttachBuilder& SideBySide(const std::vector<AttachCell>& cells);
  AttachBuilder& Table(const std::vector<AttachCell>& cells);
  AttachBuilder& Pictures(const std::vector<AttachPicture>& pictures);
  AttachBuilder& Downloads(const std::vector<AttachDownload>& files);

  // An attachment without blocks is refused by the gateway: to take one away, set `remove_attach` of an update.
  bitrix24::types::v1::Attach Build() const { return attach_; }

 private:
  AttachBuilder& Grid(bitrix24::types::v1::GridDisplay display, const std::vector<AttachCell>& cells);

  bitrix24::types::v1::Attach attach_;
};

}  // namespace imbot::client

#endif  // IMBOT_CLIENT_ATTACH_H_
