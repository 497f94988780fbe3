#include "record/bulk/import_lines.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace qiao::record::bulk {
namespace {

constexpr std::size_t kRead_bytes = 1ULL << 20U;

}  // namespace

LineReader::LineReader(const std::string& path, std::int64_t offset, bool whole)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), whole_(whole), offset_(offset) {
    if (file_.get() < 0) throw Error(ErrorKind::not_found, "storage.no_file", "the file cannot be opened");
}

bool LineReader::fill() {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kRead_bytes);
    ssize_t got = 0;
    do got = ::pread(file_.get(), buffer_.data() + before, kRead_bytes, offset_ + static_cast<std::int64_t>(before));
    while (got < 0 && errno == EINTR);
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, got)));
    if (got < 0) storage::throw_errno(errno, "read import file");
    at_end_ = got == 0;
    return got > 0;
}

std::optional<Line> LineReader::next() {
    Line line{.text = {}, .start = offset_};
    for (;;) {
        const std::size_t end = whole_ ? std::string::npos : buffer_.find('\n', searched_);
        const bool last = end == std::string::npos && at_end_ && (buffer_.size() > begin_ || line.too_long);
        if (end != std::string::npos || last) {
            const std::size_t size = (last ? buffer_.size() : end) - begin_;
            line.too_long = line.too_long || size > limits::kBundleBody_bytes;
            if (!line.too_long) line.text = buffer_.substr(begin_, size);
            if (line.text.ends_with('\r')) line.text.pop_back();
            const std::size_t taken = last ? size : size + 1;
            begin_ += taken;
            searched_ = begin_;
            offset_ += static_cast<std::int64_t>(taken);
            line.next = offset_;
            return line;
        }
        if (at_end_) return std::nullopt;
        searched_ = buffer_.size();
        if (buffer_.size() - begin_ > limits::kBundleBody_bytes) {
            // Passed without keeping it.
            line.too_long = true;
            offset_ += static_cast<std::int64_t>(buffer_.size() - begin_);
            begin_ = buffer_.size();
        }
        fill();
    }
}

}  // namespace qiao::record::bulk
