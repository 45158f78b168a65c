#include "tests/simulator/methods/attach.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/simulator/methods/keyboard.h"
#include "tests/simulator/php/coerce.h"

namespace simulator {
namespace {

std::string OneLine(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
  }
  return out;
}

std::string WithBreaks(std::string text) {
  for (size_t at = text.find("#BR#"); at != std::string::npos; at = text.find("#BR#", at + 4))
    text.replace(at, 4, "[BR]");
  return text;
}

std::string TrimmedText(const Json& params, const char* key) {
  return Trim(ToString(FindSet(params, key)));
}

void CopyPositive(const Json& params, std::initializer_list<const char*> keys, Json* out) {
  for (const char* key : keys) {
    if (ToInt(FindSet(params, key)) > 0) (*out)[key] = ToInt(FindSet(params, key));
  }
}

// Where a user or link block leads: the first of these that is there.
bool AddTarget(const Json& params, bool bots, Json* out) {
  if (const Json* network = FindSet(params, "NETWORK_ID")) {
    (*out)["NETWORK_ID"] = *network;
    return true;
  }
  for (const char* key : {"USER_ID", "CHAT_ID", "BOT_ID"}) {
    if (std::string_view(key) == "BOT_ID" && !bots) continue;
    if (ToInt(FindSet(params, key)) > 0) {
      (*out)[key] = ToInt(FindSet(params, key));
      return true;
    }
  }
  return false;
}

std::optional<Json> User(const Json& params) {
  if (TrimmedText(params, "NAME").empty()) return std::nullopt;
  Json user = Json::object();
  user["NAME"] = OneLine(ToString(FindSet(params, "NAME")));
  user["AVATAR_TYPE"] = "USER";
  if (AddTarget(params, /*bots=*/true, &user)) {
    if (user.contains("CHAT_ID")) user["AVATAR_TYPE"] = "CHAT";
    if (user.contains("BOT_ID")) user["AVATAR_TYPE"] = "BOT";
  } else if (IsAllowedLink(FindSet(params, "LINK"))) {
    user["LINK"] = *FindSet(params, "LINK");
  }
  if (IsAllowedLink(FindSet(params, "AVATAR"))) user["AVATAR"] = *FindSet(params, "AVATAR");
  for (const char* type : {"CHAT", "USER", "BOT"}) {
    if (StrictEquals(FindSet(params, "AVATAR_TYPE"), type)) user["AVATAR_TYPE"] = type;
  }
  return user;
}

std::optional<Json> Link(const Json& params) {
  Json link = Json::object();
  const bool named = FindSet(params, "NAME") != nullptr;
  if (!(named && AddTarget(params, /*bots=*/false, &link)) && !IsAllowedLink(FindSet(params, "LINK")))
    return std::nullopt;
  if (named) link["NAME"] = OneLine(TrimmedText(params, "NAME"));
  for (const char* key : {"LINK", "DESC", "HTML"}) {
    if (const Json* value = FindSet(params, key)) link[key] = *value;
  }
  if (!link.contains("HTML") && IsAllowedLink(FindSet(params, "PREVIEW"))) {
    link["PREVIEW"] = *FindSet(params, "PREVIEW");
    CopyPositive(params, {"WIDTH", "HEIGHT"}, &link);
  }
  return link;
}

std::optional<Json> GridRow(const Json& params) {
  Json row = Json::object();
  std::string display = ToString(FindSet(params, "DISPLAY"));
  const std::string name = TrimmedText(params, "NAME");
  const std::string value = TrimmedText(params, "VALUE");
  if (display != "LINE" && name.empty() && value.empty()) return std::nullopt;
  if (display == "COLUMN") display = "ROW";
  if (display == "CARD") display = "LINE";
  const bool known = display == "BLOCK" || display == "LINE" || display == "ROW" || display == "TABLE";
  row["DISPLAY"] = known ? display : "BLOCK";
  row["NAME"] = OneLine(name);
  row["VALUE"] = WithBreaks(value);
  if (IsHexColor(FindSet(params, "COLOR"))) row["COLOR"] = *FindSet(params, "COLOR");
  CopyPositive(params, {"WIDTH", "HEIGHT", "USER_ID", "CHAT_ID"}, &row);
  if (IsAllowedLink(FindSet(params, "LINK"))) row["LINK"] = *FindSet(params, "LINK");
  row["COLOR_TOKEN"] = std::string(ColorToken(FindSet(params, "COLOR_TOKEN")));
  return row;
}

std::optional<Json> Image(const Json& params) {
  if (!IsAllowedLink(FindSet(params, "LINK"))) return std::nullopt;
  Json image = Json::object();
  if (!TrimmedText(params, "NAME").empty()) image["NAME"] = TrimmedText(params, "NAME");
  image["LINK"] = *FindSet(params, "LINK");
  CopyPositive(params, {"WIDTH", "HEIGHT"}, &image);
  if (IsAllowedLink(FindSet(params, "PREVIEW"))) image["PREVIEW"] = *FindSet(params, "PREVIEW");
  return image;
}

std::optional<Json> File(const Json& params) {
  if (!IsAllowedLink(FindSet(params, "LINK"))) return std::nullopt;
  Json file = Json::object();
  file["LINK"] = *FindSet(params, "LINK");
  if (!TrimmedText(params, "NAME").empty()) file["NAME"] = OneLine(TrimmedText(params, "NAME"));
  CopyPositive(params, {"SIZE"}, &file);
  return file;
}

// A single object stands for a list of one.
Json AsList(const Json& value) {
  if (value.is_array()) return value;
  Json list = Json::array();
  list.push_back(value);
  return list;
}

// One block per item (users, links).
template <typename Render>
void AddEach(const char* key, const Json& items, Render render, Json* blocks) {
  for (const Json& item : AsList(items)) {
    if (std::optional<Json> good = render(item)) {
      Json block = Json::object();
      block[key] = Json::array({std::move(*good)});
      blocks->push_back(std::move(block));
    }
  }
}

// One block with all items (grids, images, files).
template <typename Render>
void AddTogether(const char* key, const Json& items, Render render, Json* blocks) {
  Json list = Json::array();
  for (const Json& item : AsList(items)) {
    if (std::optional<Json> good = render(item)) list.push_back(std::move(*good));
  }
  if (list.empty()) return;
  Json block = Json::object();
  block[key] = std::move(list);
  blocks->push_back(std::move(block));
}

void AddBlock(const Json& data, Json* blocks) {
  if (const Json* user = FindSet(data, "USER")) {
    AddEach("USER", *user, User, blocks);
  } else if (const Json* link = FindSet(data, "LINK")) {
    AddEach("LINK", *link, Link, blocks);
  } else if (const Json* rich = FindSet(data, "RICH_LINK")) {
    AddEach("RICH_LINK", *rich, Link, blocks);
  } else if (const Json* message = FindSet(data, "MESSAGE")) {
    const std::string text = WithBreaks(Trim(ToString(message)));
    if (!text.empty()) blocks->push_back(Json{{"MESSAGE", text}});
  } else if (const Json* grid = FindSet(data, "GRID")) {
    AddTogether("GRID", *grid, GridRow, blocks);
  } else if (const Json* image = FindSet(data, "IMAGE")) {
    AddTogether("IMAGE", *image, Image, blocks);
  } else if (const Json* file = FindSet(data, "FILE")) {
    AddTogether("FILE", *file, File, blocks);
  } else if (const Json* delimiter = FindSet(data, "DELIMITER")) {
    Json rendered = Json::object();
    const int64_t size = ToInt(FindSet(*delimiter, "SIZE"));
    rendered["SIZE"] = size > 0 ? size : 200;
    if (IsHexColor(FindSet(*delimiter, "COLOR"))) rendered["COLOR"] = *FindSet(*delimiter, "COLOR");
    blocks->push_back(Json{{"DELIMITER", rendered}});
  }
}

}  // namespace

std::optional<Json> RenderAttach(const Json& given) {
  std::optional<Json> value = given;
  if (given.is_string()) value = ParseJson(given.get_ref<const std::string&>());
  if (!value || !IsArray(*value)) return std::nullopt;
  const Json* blocks = FindSet(*value, "BLOCKS");
  const bool full = blocks != nullptr;
  if (!full) blocks = &*value;
  if (!IsArray(*blocks)) return std::nullopt;

  Json attach = Json::object();
  attach["ID"] = full && FindSet(*value, "ID") != nullptr ? *FindSet(*value, "ID") : Json(1);
  if (full && FindSet(*value, "COLOR") != nullptr) attach["COLOR"] = *FindSet(*value, "COLOR");
  attach["COLOR_TOKEN"] = std::string(ColorToken(full ? FindSet(*value, "COLOR_TOKEN") : nullptr));
  if (full && FindSet(*value, "DESCRIPTION") != nullptr) attach["DESCRIPTION"] = *FindSet(*value, "DESCRIPTION");
  Json rendered = Json::array();
  for (const Json& block : *blocks) AddBlock(block, &rendered);
  if (rendered.empty()) return std::nullopt;
  attach["BLOCKS"] = std::move(rendered);
  return attach;
}

}  // namespace simulator
