#include "service/translate/error_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "service/base/strings.h"

namespace imbot::translate {
namespace {

using absl::StatusCode;
using base::Outcome;
using std::chrono::seconds;

constexpr StatusCode kInvalid = StatusCode::kInvalidArgument;
constexpr StatusCode kPrecondition = StatusCode::kFailedPrecondition;
constexpr StatusCode kNotFound = StatusCode::kNotFound;
constexpr StatusCode kDenied = StatusCode::kPermissionDenied;
constexpr StatusCode kExhausted = StatusCode::kResourceExhausted;
constexpr StatusCode kInternal = StatusCode::kInternal;

using Text = std::string_view;

// Rejected before execution; the caller can act.
constexpr ErrorEntry Caller(Text code, StatusCode grpc, Text help, Text field = {}) {
  return {code, grpc, Actor::kCaller, RetryAdvice::kNever, Outcome::kNotExecuted, seconds(0), field, help};
}
// Rejected before execution; the operator must act.
constexpr ErrorEntry Operator(Text code, StatusCode grpc, Text help) {
  return {code, grpc, Actor::kOperator, RetryAdvice::kNever, Outcome::kNotExecuted, seconds(0), {}, help};
}
// The same, and it refuses every call.
constexpr ErrorEntry Closed(Text code, Text help) {
  return {code, kPrecondition, Actor::kOperator, RetryAdvice::kPortalClosed, Outcome::kNotExecuted, seconds(0),
          {},   help};
}
// Nothing is proved.
constexpr ErrorEntry Unknown(Text code, StatusCode grpc, Actor actor, Text help, Text field = {}) {
  return {code, grpc, actor, RetryAdvice::kUnknownOutcome, Outcome::kUnknown, seconds(0), field, help};
}
// Rejected before execution; waiting helps.
constexpr ErrorEntry Wait(Text code, StatusCode grpc, Actor actor, seconds pause, Text help) {
  return {code, grpc, actor, RetryAdvice::kWait, Outcome::kNotExecuted, pause, {}, help};
}
constexpr ErrorEntry RepairAuth(Text code, Text help) {
  return {code, kPrecondition, Actor::kOperator, RetryAdvice::kRepairAuth, Outcome::kNotExecuted, seconds(0), {}, help};
}

constexpr Text kSafeOnly = "It may have been done all the same: repeat only what is safe to repeat.";
constexpr Text kLookFirst = "It may have been done all the same: look before repeating.";
constexpr Text kCheckId = "Check the identifier.";
constexpr Text kAuthorise = "The gateway's operator has to authorise it on the portal again.";
constexpr Text kWebhook = "The gateway's operator has to renew the portal's webhook or token.";
constexpr Text kPlan = "The portal's plan has to be changed or paid.";
constexpr Text kScope = "The gateway's operator has to add the scope to the webhook or application.";
constexpr Text kUser = "The gateway's operator has to use another user's webhook or token.";
constexpr Text kReport = "Report it to the gateway's operator.";
constexpr Text kSecret = "The gateway's operator has to give it the secret the bot was registered with.";
constexpr Text kMember = "The bot needs to be in the chat and to have the right.";
constexpr Text kExtensions = "Something installed on the portal stopped it: its administrator has to look.";
constexpr Text kMend = "Mend the request.";
constexpr Text kHandler = "Give a handler with a valid public address.";
constexpr Text kAttach = "Mend the attachment.";
constexpr Text kKeyboard = "Mend the keyboard.";
constexpr Text kMenu = "Mend the menu.";
constexpr Text kSmaller = "Send a smaller one.";

constexpr ErrorEntry kTable[] = {
    // The REST layer: limits. The bucket drains two a second (WIRE_FACTS 3); the reply holds no time to wait for
    // `operating`, so the pause is
    // the longest there is.
    Wait("QUERY_LIMIT_EXCEEDED", kExhausted, Actor::kCaller, seconds(1), "Wait, then repeat."),
    Wait("OPERATION_TIME_LIMIT", kExhausted, Actor::kCaller, seconds(600),
         "The portal blocks this method for up to 10 minutes."),
    Closed("OVERLOAD_LIMIT", "Bitrix24 has blocked the gateway's credentials by hand: its support has to lift that."),
    // The REST layer: failures.
    Unknown("INTERNAL_SERVER_ERROR", kInternal, Actor::kBitrix24, kSafeOnly),
    Unknown("ERROR_UNEXPECTED_ANSWER", kInternal, Actor::kBitrix24, kSafeOnly),
    Unknown("ERROR_CORE", kInternal, Actor::kBitrix24, kSafeOnly),
    Unknown("WRONG_ENCODING", kInternal, Actor::kBitrix24,
            "The portal could not write its answer as JSON; the change may have been made."),
    Unknown("", StatusCode::kUnknown, Actor::kBitrix24, kSafeOnly),
    Unknown("0", StatusCode::kUnknown, Actor::kBitrix24, kSafeOnly),
    // It fails before the method is looked at.
    {"REST_SERVER_NOT_FOUND",
     kInternal,
     Actor::kBitrix24,
     RetryAdvice::kNever,
     Outcome::kNotExecuted,
     seconds(0),
     {},
     "The portal could not set up its REST service."},
    Wait("CONNECTION_ERROR", StatusCode::kUnavailable, Actor::kBitrix24, seconds(5),
         "The portal could not reach Bitrix24's authorisation server: repeat later."),
    // The REST layer: arguments. PHP's argument exceptions come from anywhere in a method, so these prove nothing by
    // themselves.
    Unknown("100", kInvalid, Actor::kCaller, kMend),
    Unknown("MAIN_CONTROLLER_22001", kInvalid, Actor::kCaller, kMend),
    Unknown("ERROR_ARGUMENT", kInvalid, Actor::kCaller, kMend),
    Caller("INVALID_ARG_VALUE", kInvalid, kMend),
    Caller("INVALID_FORMAT", kInvalid, "Give the users as a list of ids.", "USERS"),
    Caller("PARAMS_REQUIRED", kInvalid, "Name what is meant by id or by code."),
    Operator("INVALID_HTTP_METHOD", kPrecondition,
             "A proxy on the way changes the gateway's requests: its operator has to look."),
    // The REST layer: not found.
    Operator("ERROR_METHOD_NOT_FOUND", StatusCode::kUnimplemented,
             "Either this portal is too old for the method, or the webhook's address in the configuration is wrong."),
    Caller("NOT_FOUND", kNotFound, kCheckId),
    Caller("ERROR_NOT_FOUND", kNotFound, kCheckId),
    Caller("ERROR_ENTITY_NOT_FOUND", kNotFound, kCheckId),
    Caller("ERROR_MANIFEST_IS_NOT_AVAILABLE", kNotFound, kCheckId),
    // The REST layer: batch. What goes in one is the gateway's choice.
    Operator("ERROR_BATCH_METHOD_NOT_ALLOWED", kInternal, kReport),
    Operator("ERROR_BATCH_LENGTH_EXCEEDED", kInternal, kReport),
    // The REST layer: access. ACCESS_DENIED's other meanings are in kMeanings.
    Caller("ACCESS_DENIED", kDenied, "Add the bot to the chat first, or give it the right it lacks there."),
    RepairAuth("EXPIRED_TOKEN",
               "The token could not be refreshed: the gateway's operator has to authorise it on the portal again."),
    RepairAuth("INVALID_TOKEN", kAuthorise),
    Closed("NO_AUTH_FOUND", kWebhook),
    Closed("INVALID_CREDENTIALS", kWebhook),
    Closed("AUTHORIZATION_ERROR", "The user behind the gateway's credentials is switched off: another one is needed."),
    Closed("APPLICATION_NOT_FOUND", "The application has to be installed on the portal."),
    Operator("ERROR_OAUTH", kPrecondition, kAuthorise),
    Operator("NOT_INSTALLED", kPrecondition, "The application's installation on the portal has to be finished."),
    Closed("PAYMENT_REQUIRED", kPlan),
    Operator("WRONG_LICENSE", kPrecondition, kPlan),
    Wait("METHOD_CONFIRM_WAITING", kPrecondition, Actor::kOperator, seconds(300),
         "An administrator of the portal has to confirm the method."),
    Operator("METHOD_CONFIRM_DENIED", kPrecondition, "An administrator of the portal has refused the method."),
    Operator("INSUFFICIENT_SCOPE", kPrecondition, kScope),
    Operator("SCOPE_ERROR", kPrecondition, kScope),
    Operator("AUTHORIZE_ERROR", kPrecondition, kUser),
    Operator("AUTH_ERROR", kPrecondition, kUser),
    Operator("WRONG_AUTH_TYPE", kPrecondition,
             "The method needs another kind of credentials: a webhook or an application."),
    Operator("USER_ACCESS_ERROR", kPrecondition,
             "The user behind the gateway's token needs access to the application."),
    Operator("ALLOWED_ONLY_INTRANET_USER", kPrecondition, kUser),
    Closed("PORTAL_DELETED",
           "The portal is deleted or its site is closed: remove it from the configuration, or open it."),
    // The REST layer and the OAuth server share this one: no HTTPS, or a refresh with wrong parameters.
    Operator("INVALID_REQUEST", kPrecondition,
             "The gateway's operator has to look at the portal's address (https) and the application's settings."),
    Operator("INVALID_CLIENT", kPrecondition,
             "The application's id or secret in the gateway's configuration is wrong."),
    Operator("INVALID_GRANT", kPrecondition, kAuthorise),
    Operator("BAD_VERIFICATION_CODE", kPrecondition, kAuthorise),
    Operator("INVALID_SCOPE", kPrecondition, kScope),
    Operator("WRONG_CLIENT", kPrecondition, "The token belongs to another application than the one configured."),
    // imbot.v2: bots. Id and token are the gateway's to send.
    Operator("BOT_TOKEN_NOT_SPECIFIED", kPrecondition, kSecret),
    Operator("CLIENT_ID_NOT_SPECIFIED", kPrecondition, kSecret),
    Operator("BOT_TOKEN_INVALID_LENGTH", kPrecondition, "A bot's token has at most 40 characters."),
    Unknown("BOT_TOKEN_ROTATION_FAILED", kInternal, Actor::kOperator,
            "The gateway tries both tokens; rotate again if neither works."),
    Operator("BOT_ID_REQUIRED", kPrecondition,
             "The gateway has no id for this bot: its operator has to configure one."),
    Caller("BOT_NOT_FOUND", kNotFound, "Register the bot again."),
    Operator("BOT_OWNERSHIP_ERROR", kPrecondition, kSecret),
    Caller("BOT_CODE_REQUIRED", kInvalid, kMend, "fields.code"),
    Caller("BOT_CODE_ALREADY_TAKEN", StatusCode::kAlreadyExists,
           "Another application has a bot with this code: take another code."),
    Caller("BOT_PROPERTIES_REQUIRED", kInvalid, "Give the bot a name.", "fields.properties"),
    Caller("BOT_INVALID_TYPE", kInvalid, kMend, "fields.type"),
    Caller("BOT_INVALID_EVENT_MODE", kInvalid, kMend, "fields.eventMode"),
    Caller("BOT_INVALID_CALLBACK", kInvalid, kHandler, "fields.webhookUrl"),
    Caller("BOT_WEBHOOK_URL_REQUIRED", kInvalid, kHandler, "fields.webhookUrl"),
    Operator("BOT_LIMIT_EXCEEDED", kExhausted, "The application has as many bots as it may: unregister some."),
    Unknown("BOT_REGISTER_FAILED", kInternal, Actor::kBitrix24, "Repeat it: registering one code twice makes one bot."),
    Unknown("BOT_UPDATE_FAILED", kInternal, Actor::kBitrix24, "Repeat it: an update is safe to repeat."),
    Unknown("BOT_UNREGISTER_FAILED", kInternal, Actor::kBitrix24, "Repeat it: unregistering is safe to repeat."),
    Caller("BOT_TYPE_NOT_ALLOWED", kPrecondition, "Only bots of type supervisor or personal may do this."),
    Caller("BOT_AVATAR_INCORRECT_SIZE", kInvalid, "At most 5000 x 5000 pixels.", "fields.properties.avatar"),
    Caller("BOT_AVATAR_INCORRECT_TYPE", kInvalid, "Send an image.", "fields.properties.avatar"),
    // imbot.v2 and im.v2: chats, messages, events.
    Caller("CHAT_NOT_FOUND", kNotFound, kCheckId),
    Caller("USER_NOT_FOUND", kNotFound, kCheckId),
    Caller("EMPTY_USER_IDS", kInvalid, "Name at least one user.", "userIds"),
    Caller("EMPTY_MESSAGE", kInvalid, "Give a text or an attachment.", "fields.message"),
    Unknown("SENDING_FAILED", kInternal, Actor::kBitrix24,
            "It may have been sent all the same: repeat it with the same idempotency key."),
    Caller("MESSAGE_NOT_FOUND", kNotFound, kCheckId),
    Caller("MESSAGE_ACCESS_DENIED", kDenied,
           "Only the bot that wrote a message may change it, and only a member of the chat may read it."),
    Operator("MESSAGE_ACCESS_DENIED_BY_TARIFF", kPrecondition, kPlan),
    // The id was reserved by an attempt that is still running or was lost (WIRE_FACTS 8).
    {"MESSAGE_DUPLICATED_BY_UUID",
     StatusCode::kAborted,
     Actor::kCaller,
     RetryAdvice::kWaitSameIdentity,
     Outcome::kUnknown,
     seconds(5),
     {},
     "An earlier attempt may be under way: wait and repeat with the same idempotency key, never with a new one."},
    Caller("WRONG_UUID", kInvalid, "The keys are UUIDs of version 4 in lower case.", "fields.forwardIds"),
    Caller("REPLY_ERROR", kInvalid, "Answer a message of the same chat.", "fields.replyId"),
    Caller("TOO_MANY_MESSAGES", kInvalid, "At most 100 messages at once.", "fields.forwardIds"),
    Caller("PARAM_ATTACH_ERROR", kInvalid, kAttach, "fields.attach"),
    Caller("PARAM_KEYBOARD_ERROR", kInvalid, kKeyboard, "fields.keyboard"),
    Caller("PARAM_MENU_ERROR", kInvalid, kMenu),
    Caller("REACTION_ALREADY_SET", StatusCode::kAlreadyExists, "There is nothing to do."),
    Caller("REACTION_NOT_FOUND", kNotFound, "The portal does not know the reaction, or it is not set."),
    Caller("USER_NOT_SUBSCRIBED", kPrecondition, "Subscribe the user to events first."),
    // imbot.v2: commands.
    Caller("COMMAND_REQUIRED", kInvalid, kMend, "fields.command"),
    Caller("COMMAND_TITLE_REQUIRED", kInvalid, "Give a visible command a title.", "fields.title"),
    Caller("COMMAND_NAME_EMPTY", kInvalid, kMend, "fields.command"),
    Caller("COMMAND_NAME_INVALID", kInvalid, kMend, "fields.command"),
    Caller("COMMAND_ALREADY_EXISTS", StatusCode::kAlreadyExists, "Take another name."),
    Caller("COMMAND_NOT_FOUND", kNotFound, kCheckId),
    Unknown("COMMAND_REGISTER_FAILED", kInternal, Actor::kBitrix24,
            "Repeat it: registering a command twice makes one command."),
    Unknown("COMMAND_ANSWER_FAILED", kInternal, Actor::kBitrix24, kLookFirst),
    // Files. The gateway writes the Base64 itself.
    Caller("FILE_EMPTY", kInvalid, "Give the file a name and content."),
    Caller("FILE_TOO_LARGE", kInvalid, "At most 100 MB."),
    Operator("FILE_INVALID_CONTENT", kInternal, kReport),
    Unknown("FILE_UPLOAD_FAILED", kInternal, Actor::kBitrix24, kLookFirst),
    Unknown("FILE_SEND_FAILED", kInternal, Actor::kBitrix24,
            "The file may be stored without its message: look before repeating."),
    Unknown("FILE_FOLDER_ERROR", kPrecondition, Actor::kOperator, "The portal's drive has to be looked at."),
    Caller("FILE_NOT_FOUND", kNotFound, kCheckId),
    Caller("FILE_ACCESS_ERROR", kDenied, kMember),
    Unknown("FOLDER_ERROR", kPrecondition, Actor::kOperator, "The portal's drive has to be looked at."),
    Unknown("UPLOAD_FAILED", kInternal, Actor::kBitrix24, kLookFirst),
    Unknown("SEND_FAILED", kInternal, Actor::kBitrix24,
            "The file may be stored without its message: look before repeating."),
    Operator("DISK_NOT_INSTALLED", kPrecondition, "The portal needs its drive module."),
    // imbot.
    Caller("BOT_ID_ERROR", kNotFound, "Register the bot again."),
    Operator("APP_ID_ERROR", kPrecondition, kSecret),
    Caller("CODE_ERROR", kInvalid, kMend, "CODE"),
    Caller("NAME_ERROR", kInvalid, "Give NAME or LAST_NAME."),
    Operator("MAX_COUNT_ERROR", kExhausted, "The application has as many bots as it may: unregister some."),
    Caller("EVENT_MESSAGE_ADD_ERROR", kInvalid, kHandler),
    Caller("EVENT_MESSAGE_UPDATE_ERROR", kInvalid, kHandler),
    Caller("EVENT_MESSAGE_DELETE_ERROR", kInvalid, kHandler),
    Caller("EVENT_WELCOME_MESSAGE_ERROR", kInvalid, kHandler),
    Caller("EVENT_BOT_DELETE_ERROR", kInvalid, kHandler),
    Caller("EVENT_COMMAND_ADD_ERROR", kInvalid, kHandler),
    Caller("CHAT_ID_EMPTY", kInvalid, kMend, "CHAT_ID"),
    Caller("DIALOG_ID_EMPTY", kInvalid, kMend, "DIALOG_ID"),
    Caller("USER_ID_EMPTY", kInvalid, kMend, "USER_ID"),
    Caller("TITLE_EMPTY", kInvalid, kMend, "TITLE"),
    Caller("TEXT_FIELD_ENABLED_EMPTY", kInvalid, kMend),
    Caller("MESSAGE_EMPTY", kInvalid, kMend, "MESSAGE"),
    Caller("MESSAGE_ID_EMPTY", kInvalid, kMend, "MESSAGE_ID"),
    Caller("MESSAGE_ID_ERROR", kInvalid, kMend, "MESSAGE_ID"),
    Caller("CANT_EDIT_MESSAGE", kPrecondition,
           "Three days after it was sent a message can't be changed, nor one that is not the bot's: send a new one."),
    Caller("COMMAND_ERROR", kInvalid, kMend, "COMMAND"),
    Caller("COMMAND_ID_ERROR", kNotFound, kCheckId),
    Caller("LANG_ERROR", kInvalid, "Give the texts of what is visible.", "LANG"),
    Caller("CHAT_APP_ID_ERROR", kNotFound, kCheckId),
    Caller("IFRAME_HTTPS", kInvalid, "The frame's address has to be HTTPS with a valid certificate."),
    Caller("HASH_ERROR", kInvalid, kMend, "HASH"),
    Caller("PARAMS_ERROR", kInvalid, "Give either JS_METHOD with its JS_PARAM or a frame with its HASH."),
    Caller("ATTACH_ERROR", kInvalid, kAttach, "ATTACH"),
    Caller("ATTACH_OVERSIZE", kInvalid, kSmaller, "ATTACH"),
    Caller("KEYBOARD_ERROR", kInvalid, kKeyboard, "KEYBOARD"),
    Caller("KEYBOARD_OVERSIZE", kInvalid, kSmaller, "KEYBOARD"),
    Caller("MENU_ERROR", kInvalid, kMenu, "MENU"),
    Caller("MENU_OVERSIZE", kInvalid, kSmaller, "MENU"),
    Caller("AVATAR_ERROR", kInvalid, "Send an image of at most 5000 x 5000 pixels.", "AVATAR"),
    Caller("WRONG_COLOR", kInvalid, "Take another colour.", "COLOR"),
    Caller("WITHOUT_CHANGES", kPrecondition, "There is nothing to do."),
    Caller("FETCH_NOT_SUPPORTED", kPrecondition, "Give the bot a handler."),
    Caller("ACCESS_ERROR", kDenied, kMember),
    Unknown("WRONG_REQUEST", StatusCode::kUnknown, Actor::kBitrix24, kSafeOnly),
    // Codes of the portal's core in place of a documented one (WIRE_FACTS 1.5).
    Unknown("CANCELED", kPrecondition, Actor::kOperator, kExtensions),
    Unknown("ERROR_NO_ACCESS", kDenied, Actor::kCaller, kMember),
    Unknown("CHAT_ID", kInvalid, Actor::kCaller, "Check the dialog."),
    Unknown("TO_USER_ID", kInvalid, Actor::kCaller, "Check the dialog."),
    Unknown("MESSAGE_TYPE", kInvalid, Actor::kCaller, "Check the dialog."),
    Unknown("ERROR_FROM_OTHER_MODULE", kPrecondition, Actor::kOperator, kExtensions),
    Unknown("TEXT_FIELD_DISABLED", kPrecondition, Actor::kCaller, "Enable the chat's text field first."),
    // REST 3.0.
    Operator("BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION", kPrecondition, kUser),
    Operator("BITRIX_REST_V3_EXCEPTION_INVALIDJSONEXCEPTION", kInternal, kReport),
    Caller("BITRIX_REST_V3_EXCEPTION_INVALIDFILTEREXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_INVALIDSELECTEXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_INVALIDORDEREXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_INVALIDPAGINATIONEXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_UNKNOWNFILTEROPERATOREXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_ENTITYNOTFOUNDEXCEPTION", kNotFound, kCheckId),
    Caller("BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION", StatusCode::kUnimplemented, "Check the method's name."),
    Caller("BITRIX_REST_V3_EXCEPTION_UNKNOWNDTOPROPERTYEXCEPTION", kInvalid, kMend),
    Operator("BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION", kPrecondition, kScope),
    Caller("BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_VALIDATION_DTOVALIDATIONEXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTFILTERVALIDATIONEXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_REALISATION_EXCEPTION_FIELDNOTFOUNDEXCEPTION", kInvalid, kMend),
    Caller("BITRIX_REST_V3_EXCEPTION_IDEMPOTENCYKEYREUSEDEXCEPTION", kInvalid, "Take a new key for a new request."),
    Caller("BITRIX_REST_V3_EXCEPTION_INVALIDIDEMPOTENCYKEYEXCEPTION", kInvalid, "Take another key."),
};

constexpr Text kMessageUpdate = "imbot.message.update";
// It applies its parts one after another (WIRE_FACTS 5.2): an error in one doesn't prove that the others were not
// applied.
constexpr ErrorMeaning Partly(Text code, StatusCode grpc, Text help, Text field = {}) {
  return {0, {}, kMessageUpdate, Unknown(code, grpc, Actor::kCaller, help, field)};
}

// In order: the first that fits.
constexpr ErrorMeaning kMeanings[] = {
    {0, "Client ID not specified", {}, Operator("ACCESS_DENIED", kPrecondition, kSecret)},
    {0, "REST is available only", {}, Closed("ACCESS_DENIED", kPlan)},
    // 401 is the authorisation layer's, which denies access for the plan alone; its text may be in the portal's
    // language.
    {401, {}, {}, Closed("ACCESS_DENIED", kPlan)},
    // With the exclamation mark it is the REST layer that speaks, not the chat; inside a batch there is no status to
    // tell by.
    {0,
     "Access denied!",
     {},
     Operator("ACCESS_DENIED", kPrecondition, "The user behind the gateway's credentials may not call this method.")},
    {0, "Could not find value for parameter", {}, Caller("100", kInvalid, kMend)},
    {0, "to match with parameter", {}, Caller("100", kInvalid, kMend)},
    {0, "Command was installed", {}, Caller("APP_ID_ERROR", kDenied, "Use a command of this bot's own application.")},
    {0,
     "chat application",
     {},
     Caller("APP_ID_ERROR", kDenied, "Use a chat application of this bot's own application.")},
    Partly("ATTACH_ERROR", kInvalid, kAttach, "ATTACH"),
    Partly("ATTACH_OVERSIZE", kInvalid, kSmaller, "ATTACH"),
    Partly("KEYBOARD_ERROR", kInvalid, kKeyboard, "KEYBOARD"),
    Partly("KEYBOARD_OVERSIZE", kInvalid, kSmaller, "KEYBOARD"),
    Partly("MENU_ERROR", kInvalid, kMenu, "MENU"),
    Partly("MENU_OVERSIZE", kInvalid, kSmaller, "MENU"),
    Partly("CANT_EDIT_MESSAGE", kPrecondition,
           "Three days after it was sent a message's text can't be changed: send a new one."),
};

constexpr Text kNobodyDocumented =
    "Nobody documented this code, and it may have been done all the same: look before repeating.";
constexpr ErrorEntry kUndocumented = Unknown("", StatusCode::kUnknown, Actor::kBitrix24, kNobodyDocumented);
constexpr ErrorEntry kUndocumentedLimit = Unknown("", kExhausted, Actor::kCaller, kNobodyDocumented);
constexpr ErrorEntry kUndocumentedAuth = Unknown("", kPrecondition, Actor::kOperator, kNobodyDocumented);
constexpr ErrorEntry kUndocumentedUnavailable =
    Unknown("", StatusCode::kUnavailable, Actor::kBitrix24, kNobodyDocumented);

constexpr char ToUpper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// FNV-1a over capitals.
constexpr uint32_t Hash(Text code) {
  uint32_t hash = 2166136261u;
  for (const char c : code) hash = (hash ^ static_cast<unsigned char>(ToUpper(c))) * 16777619u;
  return hash ^ (hash >> 15);
}

// Open addressing, built by the compiler: a slot holds a row's number plus one.
constexpr size_t kSlots = 512;
static_assert(std::size(kTable) * 2 < kSlots);
constexpr std::array<uint16_t, kSlots> kIndex = [] {
  std::array<uint16_t, kSlots> index{};
  for (size_t row = 0; row < std::size(kTable); ++row) {
    size_t slot = Hash(kTable[row].code) % kSlots;
    while (index[slot] != 0) slot = (slot + 1) % kSlots;
    index[slot] = static_cast<uint16_t>(row + 1);
  }
  return index;
}();

constexpr bool HasMeanings(Text code) {
  for (const ErrorMeaning& meaning : kMeanings) {
    if (meaning.entry.code == code) return true;
  }
  return false;
}

bool ContainsIgnoreCase(Text text, Text part) {
  const auto same = [](char a, char b) { return ToUpper(a) == ToUpper(b); };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

}  // namespace

std::string_view ActorName(Actor actor) {
  switch (actor) {
    case Actor::kCaller:
      return "CALLER";
    case Actor::kOperator:
      return "OPERATOR";
    case Actor::kBitrix24:
      return "BITRIX24";
  }
  return "OPERATOR";
}

const ErrorEntry* FindError(const PortalError& error) {
  const ErrorEntry* row = nullptr;
  for (size_t slot = Hash(error.code) % kSlots; kIndex[slot] != 0; slot = (slot + 1) % kSlots) {
    const ErrorEntry& candidate = kTable[kIndex[slot] - 1];
    if (!base::EqualsIgnoreCase(candidate.code, error.code)) continue;
    row = &candidate;
    break;
  }
  if (row == nullptr || !HasMeanings(row->code)) return row;
  for (const ErrorMeaning& meaning : kMeanings) {
    if (meaning.entry.code != row->code) continue;
    if (meaning.http_status != 0 && meaning.http_status != error.http_status) continue;
    if (!meaning.method.empty() && meaning.method != error.method) continue;
    if (ContainsIgnoreCase(error.description, meaning.text)) return &meaning.entry;
  }
  return row;
}

const ErrorEntry& UndocumentedError(int http_status) {
  switch (http_status) {
    case 401:
      return kUndocumentedAuth;
    case 429:
      return kUndocumentedLimit;
    case 502:
    case 503:
    case 504:
      return kUndocumentedUnavailable;
    default:
      return kUndocumented;
  }
}

std::string ReasonOfCode(std::string_view code) {
  constexpr size_t kLongest = 63;
  code = base::Trim(code);
  if (code.empty()) return "EMPTY_CODE";
  std::string reason;
  for (const char c : code) {
    if (reason.size() >= kLongest) break;
    const bool fits = base::IsAlnum(c) || c == '_';
    // One `_` for a run of what can't stay, such as the bytes of a letter that is not ASCII.
    if (!fits && !reason.empty() && reason.back() == '_') continue;
    reason.push_back(fits ? ToUpper(c) : '_');
  }
  if (reason.front() < 'A' || reason.front() > 'Z') reason.insert(0, "CODE_");
  if (reason.size() > kLongest) reason.resize(kLongest);
  return reason;
}

std::span<const ErrorEntry> ErrorTable() {
  return kTable;
}
std::span<const ErrorMeaning> ErrorMeanings() {
  return kMeanings;
}

}  // namespace imbot::translate
