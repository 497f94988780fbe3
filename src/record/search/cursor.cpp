#include "record/search/cursor.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace qiao::record {
namespace {

constexpr std::size_t kMac_bytes = 16;
constexpr std::size_t kCaller_bytes = 8;

/// Who reads, as far as a filter tells it.
std::string caller_digest(const ReadFilter& filter) {
    std::vector<std::int64_t> grantees = filter.grantees;
    std::sort(grantees.begin(), grantees.end());
    return sha256(fmt::format("{}:{}", static_cast<int>(filter.scope), fmt::join(grantees, ","))).substr(0, kCaller_bytes);
}

void append_integer(std::string& out, std::int64_t value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof bytes);
}

class Bytes {
public:
    explicit Bytes(std::string_view text) : text_(text) {}
    std::string_view take(std::size_t size) {
        if (text_.size() < size) throw Error(ErrorKind::invalid, "record.bad_cursor", "the cursor is damaged");
        const std::string_view piece = text_.substr(0, size);
        text_.remove_prefix(size);
        return piece;
    }
    std::int64_t integer() {
        std::int64_t value = 0;
        std::memcpy(&value, take(sizeof value).data(), sizeof value);
        return value;
    }
    [[nodiscard]] bool empty() const { return text_.empty(); }

private:
    std::string_view text_;
};

std::string mac_of(std::string_view payload, std::string_view key, std::string_view query) {
    std::string text(payload);
    text += '\0';
    text += query;
    return hmac_sha256(key, text).substr(0, kMac_bytes);
}

}  // namespace

std::string write_cursor(const Cursor& cursor, std::string_view key, std::string_view query, const ReadFilter& filter) {
    std::string payload = caller_digest(filter);
    append_integer(payload, cursor.t);
    append_integer(payload, cursor.rid);
    for (const SortValue& value : cursor.values) {
        payload += static_cast<char>('0' + value.index());
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            append_integer(payload, *integer);
        } else if (const auto* real = std::get_if<double>(&value)) {
            std::int64_t bits = 0;
            std::memcpy(&bits, real, sizeof bits);
            append_integer(payload, bits);
        } else {
            const std::string& text = std::get<std::string>(value);
            append_integer(payload, static_cast<std::int64_t>(text.size()));
            payload += text;
        }
    }
    return to_base64url(mac_of(payload, key, query) + payload);
}

Cursor read_cursor(std::string_view text, std::string_view key, std::string_view query, const ReadFilter& filter) {
    const auto decoded = from_base64(text);
    if (!decoded || decoded->size() < kMac_bytes + kCaller_bytes) throw Error(ErrorKind::invalid, "record.bad_cursor", "the cursor is damaged");
    const std::string_view payload = std::string_view(*decoded).substr(kMac_bytes);
    if (!equal_in_constant_time(std::string_view(*decoded).substr(0, kMac_bytes), mac_of(payload, key, query))) {
        throw Error(ErrorKind::invalid, "record.bad_cursor", "the cursor does not belong to this search");
    }
    Bytes bytes(payload);
    if (bytes.take(kCaller_bytes) != caller_digest(filter)) throw Error(ErrorKind::forbidden, "record.foreign_cursor", "the cursor belongs to another caller");
    Cursor cursor;
    cursor.t = bytes.integer();
    cursor.rid = bytes.integer();
    while (!bytes.empty()) {
        const char kind = bytes.take(1)[0];
        const std::int64_t value = bytes.integer();
        if (kind == '0') {
            cursor.values.emplace_back(value);
        } else if (kind == '1') {
            double real = 0;
            std::memcpy(&real, &value, sizeof real);
            cursor.values.emplace_back(real);
        } else {
            cursor.values.emplace_back(std::string(bytes.take(static_cast<std::size_t>(value))));
        }
    }
    return cursor;
}

}  // namespace qiao::record
