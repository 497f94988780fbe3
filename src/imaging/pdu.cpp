#include "imaging/pdu.hpp"

#include <algorithm>

namespace qiao::imaging {
namespace {

constexpr std::size_t kHeader_bytes = 6;
constexpr std::size_t kAssociateFixed_bytes = 68;
constexpr std::size_t kTitle_bytes = 16;
constexpr std::size_t kContextLimit = 128;  // ids are odd and 8 bits wide
constexpr std::size_t kSyntaxLimit = 128;
constexpr std::string_view kApplicationContext = "1.2.840.10008.3.1.1.1";
constexpr std::string_view kImplementationUid = "2.25.302154688410523178843297056517623910457";

std::uint32_t big(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = (value << 8U) | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

void put_big(std::string& out, std::uint32_t value, int width) {
    for (int i = width - 1; i >= 0; --i) out += static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 0xFFU);
}

void put_little(std::string& out, std::uint32_t value, int width) {
    for (int i = 0; i < width; ++i, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    return std::string(text);
}

std::string pdu(PduType type, std::string_view body) {
    std::string out;
    out += static_cast<char>(type);
    out += '\0';
    put_big(out, static_cast<std::uint32_t>(body.size()), 4);
    return out + std::string(body);
}

std::string item(std::uint8_t type, std::string_view body) {
    std::string out;
    out += static_cast<char>(type);
    out += '\0';
    put_big(out, static_cast<std::uint32_t>(body.size()), 2);
    return out + std::string(body);
}

/// One variable item; false at the end or when it does not fit.
struct Item {
    std::uint8_t type = 0;
    std::string_view body;
};
bool take_item(std::string_view& rest, Item& item) {
    if (rest.size() < 4) return false;
    const std::size_t length = big(rest, 2, 2);
    if (length > rest.size() - 4) return false;
    item = {static_cast<std::uint8_t>(rest[0]), rest.substr(4, length)};
    rest.remove_prefix(4 + length);
    return true;
}

Result<PresentationContext> parse_context(std::string_view body) {
    if (body.size() < 4) return ParseError{"a presentation context is too short", 0};
    PresentationContext context;
    context.id = static_cast<std::uint8_t>(body[0]);
    context.result = static_cast<std::uint8_t>(body[2]);
    if (context.id % 2 == 0) return ParseError{"a presentation context has an even id", 0};
    auto rest = body.substr(4);
    Item part;
    while (take_item(rest, part)) {
        if (part.type == 0x30) context.abstract_syntax = trimmed(part.body);
        if (part.type == 0x40) {
            if (context.transfer_syntaxes.size() >= kSyntaxLimit) return ParseError{"too many transfer syntaxes", 0};
            context.transfer_syntaxes.push_back(trimmed(part.body));
        }
    }
    if (!rest.empty()) return ParseError{"a presentation context is cut off", 0};
    return context;
}

std::string associate_body(const Associate& associate, bool is_answer) {
    std::string body;
    put_big(body, 1, 2);
    put_big(body, 0, 2);
    for (const auto* title : {&associate.called, &associate.calling}) {
        auto padded = title->substr(0, kTitle_bytes);
        padded.resize(kTitle_bytes, ' ');
        body += padded;
    }
    body.resize(kAssociateFixed_bytes, '\0');
    body += item(0x10, kApplicationContext);
    for (const auto& context : associate.contexts) {
        std::string content;
        content += static_cast<char>(context.id);
        content += '\0';
        content += static_cast<char>(is_answer ? context.result : 0);
        content += '\0';
        if (!is_answer) content += item(0x30, context.abstract_syntax);
        for (const auto& syntax : context.transfer_syntaxes) content += item(0x40, syntax);
        body += item(is_answer ? 0x21 : 0x20, content);
    }
    std::string limit;
    put_big(limit, kPduLimit_bytes, 4);
    body += item(0x50, item(0x51, limit) + item(0x52, kImplementationUid) + item(0x55, "QIAO"));
    return body;
}

void put_element(std::string& out, std::uint16_t element, std::string value) {
    if (value.size() % 2 != 0) value += element == 0x0902 ? ' ' : '\0';
    put_little(out, 0, 2);
    put_little(out, element, 2);
    put_little(out, static_cast<std::uint32_t>(value.size()), 4);
    out += value;
}

void put_number(std::string& out, std::uint16_t element, std::uint16_t value) {
    std::string bytes;
    put_little(bytes, value, 2);
    put_element(out, element, bytes);
}

}  // namespace

void PduReader::feed(std::string_view bytes) {
    if (at_ > 0) {
        buffer_.erase(0, at_);
        at_ = 0;
    }
    buffer_ += bytes;
}

Result<std::optional<Pdu>> PduReader::next() {
    const auto rest = std::string_view(buffer_).substr(at_);
    if (rest.empty()) return std::optional<Pdu>();
    const auto type = static_cast<std::uint8_t>(rest[0]);
    if (type < 1 || type > 7) return ParseError{"an unknown PDU type", 0};
    if (rest.size() < kHeader_bytes) return std::optional<Pdu>();
    const auto length = big(rest, 2, 4);
    if (length > kPduLimit_bytes) return ParseError{"a PDU exceeds the limit", 2};
    if (rest.size() - kHeader_bytes < length) return std::optional<Pdu>();
    at_ += kHeader_bytes + length;
    return std::optional<Pdu>(Pdu{static_cast<PduType>(type), rest.substr(kHeader_bytes, length)});
}

Result<Associate> parse_associate(std::string_view body, bool is_answer) {
    if (body.size() < kAssociateFixed_bytes) return ParseError{"an association PDU is too short", 0};
    if ((big(body, 0, 2) & 1U) == 0) return ParseError{"an unknown protocol version", 0};
    Associate associate;
    associate.called = trimmed(body.substr(4, kTitle_bytes));
    associate.calling = trimmed(body.substr(4 + kTitle_bytes, kTitle_bytes));
    auto rest = body.substr(kAssociateFixed_bytes);
    Item part;
    while (take_item(rest, part)) {
        if (part.type == 0x10) associate.application_context = trimmed(part.body);
        if (part.type == (is_answer ? 0x21 : 0x20)) {
            auto context = parse_context(part.body);
            if (!context) return context.error();
            if (associate.contexts.size() >= kContextLimit) return ParseError{"too many presentation contexts", 0};
            associate.contexts.push_back(std::move(*std::move(context)));
        }
        if (part.type == 0x50) {
            auto user = part.body;
            Item information;
            while (take_item(user, information))
                if (information.type == 0x51 && information.body.size() == 4) associate.max_pdu_bytes = big(information.body, 0, 4);
            if (!user.empty()) return ParseError{"the user information is cut off", 0};
        }
    }
    if (!rest.empty()) return ParseError{"an association PDU is cut off", body.size() - rest.size()};
    return associate;
}

std::string associate_request(const Associate& request) { return pdu(PduType::associate_request, associate_body(request, false)); }
std::string associate_accept(const Associate& answer) { return pdu(PduType::associate_accept, associate_body(answer, true)); }

std::string associate_reject(std::uint8_t result, std::uint8_t source, std::uint8_t reason) {
    return pdu(PduType::associate_reject, std::string{'\0', static_cast<char>(result), static_cast<char>(source), static_cast<char>(reason)});
}

std::string release_request() { return pdu(PduType::release_request, std::string(4, '\0')); }
std::string release_response() { return pdu(PduType::release_response, std::string(4, '\0')); }

std::string abort_pdu(std::uint8_t source, std::uint8_t reason) {
    return pdu(PduType::abort, std::string{'\0', '\0', static_cast<char>(source), static_cast<char>(reason)});
}

Result<std::vector<Pdv>> parse_data(std::string_view body) {
    std::vector<Pdv> found;
    auto rest = body;
    while (!rest.empty()) {
        if (rest.size() < kHeader_bytes) return ParseError{"a data value is cut off", body.size() - rest.size()};
        const std::size_t length = big(rest, 0, 4);
        if (length < 2 || length > rest.size() - 4) return ParseError{"a data value has a wrong length", body.size() - rest.size()};
        const auto control = static_cast<unsigned char>(rest[5]);
        found.push_back({static_cast<std::uint8_t>(rest[4]), (control & 1U) != 0, (control & 2U) != 0, rest.substr(kHeader_bytes, length - 2)});
        rest.remove_prefix(4 + length);
    }
    return found;
}

std::string data_pdus(std::uint8_t context, bool is_command, std::string_view bytes, std::uint32_t peer_limit_bytes) {
    const std::size_t limit = peer_limit_bytes == 0 ? kPduLimit_bytes : std::clamp<std::uint32_t>(peer_limit_bytes, 1'024, kPduLimit_bytes);
    std::string out;
    do {
        const auto piece = bytes.substr(0, limit - kHeader_bytes);
        bytes.remove_prefix(piece.size());
        out += static_cast<char>(PduType::data);
        out += '\0';
        put_big(out, static_cast<std::uint32_t>(piece.size() + kHeader_bytes), 4);
        put_big(out, static_cast<std::uint32_t>(piece.size() + 2), 4);
        out += static_cast<char>(context);
        out += static_cast<char>((is_command ? 1U : 0U) | (bytes.empty() ? 2U : 0U));
        out += piece;
    } while (!bytes.empty());
    return out;
}

Result<Command> parse_command(std::string_view bytes) {
    Command command;
    std::size_t at = 0;
    while (at < bytes.size()) {
        if (bytes.size() - at < 8) return ParseError{"a command element is cut off", at};
        const auto group = little(bytes, at, 2);
        const auto element = little(bytes, at + 2, 2);
        const std::size_t length = little(bytes, at + 4, 4);
        if (group != 0 || length > bytes.size() - at - 8) return ParseError{"a command element is wrong", at};
        const auto value = bytes.substr(at + 8, length);
        const auto number = length == 2 ? static_cast<std::uint16_t>(little(value, 0, 2)) : std::uint16_t{0};
        if (element == 0x0002 || element == 0x0003) command.sop_class = trimmed(value);
        if (element == 0x0100) command.field = number;
        if (element == 0x0110) command.message_id = number;
        if (element == 0x0120) command.responded_id = number;
        if (element == 0x0800) command.dataset_type = number;
        if (element == 0x0900) command.status = number;
        if (element == 0x0902) command.comment = trimmed(value);
        if (element == 0x1000 || element == 0x1001) command.sop_instance = trimmed(value);
        at += 8 + length;
    }
    if (command.field == 0) return ParseError{"a command without its kind", 0};
    return command;
}

std::string command_bytes(const Command& command) {
    const bool is_answer = (command.field & 0x8000U) != 0;
    std::string body;
    if (!command.sop_class.empty()) put_element(body, 0x0002, command.sop_class);
    put_number(body, 0x0100, command.field);
    put_number(body, is_answer ? 0x0120 : 0x0110, is_answer ? command.responded_id : command.message_id);
    if (command.field == kStoreRequest) put_number(body, 0x0700, 0);
    put_number(body, 0x0800, command.dataset_type);
    if (is_answer) put_number(body, 0x0900, command.status);
    if (!command.comment.empty()) put_element(body, 0x0902, command.comment.substr(0, 64));
    if (!command.sop_instance.empty()) put_element(body, 0x1000, command.sop_instance);
    std::string out;
    std::string length;
    put_little(length, static_cast<std::uint32_t>(body.size()), 4);
    put_element(out, 0x0000, length);
    return out + body;
}

}  // namespace qiao::imaging
