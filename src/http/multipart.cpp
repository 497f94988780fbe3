#include "http/multipart.hpp"

#include "base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace qiao::http {
namespace {

constexpr std::size_t kWindow_bytes = 1024 * 1024;

bool is_token(char c) {
    static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || kOthers.find(c) != std::string_view::npos;
}

/// The body as a window that moves forward: the whole of it in memory, or a piece of a file.
class Source {
public:
    explicit Source(std::string_view bytes) : window_(bytes), size_(bytes.size()) {}
    explicit Source(const FileRange& range) : range_(&range), size_(range.length) {}

    [[nodiscard]] std::uint64_t size() const { return size_; }

    /// The bytes from `offset` on: all up to the end, or at least `wanted`. Empty when the file cannot be read.
    std::string_view from(std::uint64_t offset, std::size_t wanted) {
        if (range_ == nullptr) return window_.substr(std::min<std::uint64_t>(offset, size_));
        const std::uint64_t needed = std::min<std::uint64_t>(offset + wanted, size_);
        if (offset < start_ || needed > start_ + buffer_.size()) load(offset, std::max(wanted, kWindow_bytes));
        const std::uint64_t skip = offset - start_;
        return skip >= buffer_.size() ? std::string_view() : std::string_view(buffer_).substr(skip);
    }

private:
    void load(std::uint64_t offset, std::size_t wanted) {
        start_ = offset;
        buffer_.resize(std::min<std::uint64_t>(wanted, size_ - std::min(offset, size_)));
        std::size_t have = 0;
        while (have < buffer_.size()) {
            const ssize_t count =
                ::pread(range_->file->descriptor(), buffer_.data() + have, buffer_.size() - have, static_cast<off_t>(range_->offset + offset + have));
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) break;
            have += static_cast<std::size_t>(count);
        }
        buffer_.resize(have);
    }

    std::string_view window_;
    const FileRange* range_ = nullptr;
    std::uint64_t size_ = 0;
    std::string buffer_;
    std::uint64_t start_ = 0;
};

class Parser {
public:
    Parser(Source source, std::string_view boundary) : source_(std::move(source)), delimiter_("\r\n--" + std::string(boundary)) {}

    Result<std::vector<Part>> parse() {
        if (delimiter_.size() < 5 || delimiter_.size() > kBoundary_bytes + 4) return ParseError{"the boundary must have 1 to 70 characters", 0};
        if (!open_first()) return error("no first boundary");
        for (;;) {
            const auto line = source_.from(at_, 2);
            if (line.starts_with("--")) return std::move(parts_);  // the closing delimiter; an epilogue is ignored
            if (!skip_line_end()) return error("a boundary must end its line");
            if (parts_.size() >= kPartsMax) return error("too many parts");
            Part part;
            if (auto failed = read_headers(part)) return *failed;
            const auto end = find_delimiter(at_ - 2);  // a part without content may share the line end of its headers
            if (!end) return error("the body ends inside a part");
            part.offset = std::min(at_, *end);
            part.length = *end - part.offset;
            parts_.push_back(std::move(part));
            at_ = *end + delimiter_.size();
        }
    }

private:
    [[nodiscard]] ParseError error(const char* message) const { return {message, static_cast<std::size_t>(at_)}; }

    /// Past the first delimiter, which may stand at the very start without its line end.
    bool open_first() {
        const std::string_view dash_boundary = std::string_view(delimiter_).substr(2);
        if (source_.from(0, dash_boundary.size()).starts_with(dash_boundary)) {
            at_ = dash_boundary.size();
            return true;
        }
        const auto found = find_delimiter(0);
        if (!found) return false;
        at_ = *found + delimiter_.size();
        return true;
    }

    bool skip_line_end() {
        std::string_view rest = source_.from(at_, 256);
        std::size_t spaces = 0;
        while (spaces < rest.size() && spaces < 128 && (rest[spaces] == ' ' || rest[spaces] == '\t')) ++spaces;
        if (!rest.substr(spaces).starts_with("\r\n")) return false;
        at_ += spaces + 2;
        return true;
    }

    std::optional<ParseError> read_headers(Part& part) {
        const std::uint64_t start = at_;
        for (;;) {
            const std::uint64_t used = at_ - start;
            const std::string_view rest = source_.from(at_, kPartHeader_bytes + 2);
            const auto end = rest.substr(0, kPartHeader_bytes + 2 - std::min<std::uint64_t>(used, kPartHeader_bytes)).find("\r\n");
            if (end == std::string_view::npos)
                return error(rest.size() > kPartHeader_bytes ? "the headers of a part are over 16 KiB" : "a part without the end of its headers");
            const std::string_view line = rest.substr(0, end);
            if (line.empty()) {
                at_ += 2;
                return std::nullopt;
            }
            const auto colon = line.find(':');
            if (colon == std::string_view::npos || colon == 0 || !std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon), is_token) ||
                line.find('\0') != std::string_view::npos) {
                return error("a header of a part is malformed");
            }
            part.headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
            at_ += end + 2;
        }
    }

    /// Where the next delimiter starts, at or after `offset`.
    std::optional<std::uint64_t> find_delimiter(std::uint64_t offset) {
        for (;;) {
            const std::string_view window = source_.from(offset, kWindow_bytes);
            const auto found = window.find(delimiter_);
            if (found != std::string_view::npos) return offset + found;
            if (offset + window.size() >= source_.size() || window.size() < delimiter_.size()) return std::nullopt;
            offset += window.size() - (delimiter_.size() - 1);
        }
    }

    Source source_;
    std::string delimiter_;
    std::uint64_t at_ = 0;
    std::vector<Part> parts_;
};

}  // namespace

std::string_view Part::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

std::string header_parameter(std::string_view value, std::string_view name) {
    auto at = value.find(';');
    while (at != std::string_view::npos) {
        std::string_view rest = trim(value.substr(at + 1));
        const auto equals = rest.find_first_of("=;");
        if (equals == std::string_view::npos || rest[equals] == ';') {
            at = equals == std::string_view::npos ? std::string_view::npos : static_cast<std::size_t>(rest.data() - value.data()) + equals;
            continue;
        }
        const std::string key = lower(trim(rest.substr(0, equals)));
        rest = trim(rest.substr(equals + 1));
        std::string text;
        std::size_t used = 0;
        if (rest.starts_with('"')) {
            for (used = 1; used < rest.size() && rest[used] != '"'; ++used) {
                if (rest[used] == '\\' && used + 1 < rest.size()) ++used;
                text += rest[used];
            }
            if (used >= rest.size()) return {};
        } else {
            used = std::min(rest.find(';'), rest.size());
            text = trim(rest.substr(0, used));
        }
        if (key == name) return text;
        const auto next = rest.find(';', used);
        at = next == std::string_view::npos ? next : static_cast<std::size_t>(rest.data() - value.data()) + next;
    }
    return {};
}

Result<std::string> multipart_boundary(std::string_view content_type) {
    if (!lower(trim(content_type)).starts_with("multipart/")) return ParseError{"not a multipart Content-Type", 0};
    std::string boundary = header_parameter(content_type, "boundary");
    static constexpr std::string_view kOthers = "'()+_,-./:=? ";
    const bool legal = std::all_of(boundary.begin(), boundary.end(), [](char c) { return is_token(c) || kOthers.find(c) != std::string_view::npos; });
    if (boundary.empty() || boundary.size() > kBoundary_bytes || !legal || boundary.ends_with(' '))
        return ParseError{"the boundary is missing or malformed", 0};
    return boundary;
}

Result<std::vector<Part>> parse_multipart(std::string_view body, std::string_view boundary) { return Parser(Source(body), boundary).parse(); }

Result<std::vector<Part>> parse_multipart(const FileRange& body, std::string_view boundary) { return Parser(Source(body), boundary).parse(); }

std::string read_range(const FileRange& range) {
    std::string bytes(range.length, '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t count = ::pread(range.file->descriptor(), bytes.data() + have, bytes.size() - have, static_cast<off_t>(range.offset + have));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) throw Error(ErrorKind::unavailable, "http.body_read", "the body cannot be read back");
        have += static_cast<std::size_t>(count);
    }
    return bytes;
}

}  // namespace qiao::http
