#include "record/store/keys.hpp"

#include "base/assert.hpp"

#include <sodium.h>

#include <cstring>

namespace qiao::record {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

constexpr bool is_dash(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

/// Writes the 16 bytes of a lower-case UUID; false when `text` is none.
bool uuid_bytes(std::string_view text, char* out) {
    if (text.size() != 36) return false;
    std::size_t written = 0;
    for (std::size_t i = 0; i < 36; ++i) {
        if (is_dash(i)) {
            if (text[i] != '-') return false;
            continue;
        }
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return false;
        out[written++] = static_cast<char>(high * 16 + low);
        ++i;
    }
    return true;
}

}  // namespace

StoredId::StoredId(std::string_view id) {
    QIAO_ASSERT(id.size() <= 64);
    if (uuid_bytes(id, bytes_.data())) {
        size_ = 16;
        return;
    }
    std::memcpy(bytes_.data(), id.data(), id.size());
    size_ = id.size() == 16 ? 17 : id.size();
    if (id.size() == 16) bytes_[16] = '\0';
}

std::string id_text(std::string_view stored) {
    if (stored.size() != 16) {
        if (stored.size() == 17 && stored.back() == '\0') stored.remove_suffix(1);
        return std::string(stored);
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (const char c : stored) {
        if (is_dash(text.size())) text += '-';
        const auto byte = static_cast<unsigned char>(c);
        text += kHex[byte >> 4U];
        text += kHex[byte & 15U];
    }
    return text;
}

std::int64_t TokenHash::of(char form, std::string_view system, std::string_view code) const {
    char small[256];
    std::string large;
    const std::size_t size = 2 + system.size() + code.size();
    char* bytes = small;
    if (size > sizeof small) {
        large.resize(size);
        bytes = large.data();
    }
    bytes[0] = form;
    if (!system.empty()) std::memcpy(bytes + 1, system.data(), system.size());
    bytes[1 + system.size()] = '\0';
    if (!code.empty()) std::memcpy(bytes + 2 + system.size(), code.data(), code.size());
    unsigned char out[crypto_shorthash_BYTES];
    crypto_shorthash(out, reinterpret_cast<const unsigned char*>(bytes), size, reinterpret_cast<const unsigned char*>(key_.data()));
    std::int64_t h = 0;
    std::memcpy(&h, out, sizeof h);
    return h == 0 ? 1 : h;
}

std::int64_t TokenHash::of_type(std::string_view system, std::string_view code, std::string_view value) const {
    std::string type(system);
    type += '\x1f';
    type += code;
    return of('t', type, value);
}

std::int64_t TokenHash::in_compartment(ParamId param, std::int64_t h) {
    const std::uint64_t mixed = static_cast<std::uint64_t>(h) ^ (0x9E3779B97F4A7C15ULL * (std::uint64_t{number_of(param)} + 1));
    return mixed == 0 ? 1 : static_cast<std::int64_t>(mixed);
}

}  // namespace qiao::record
