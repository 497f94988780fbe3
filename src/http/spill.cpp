#include "http/spill.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace qiao::http {
namespace {

int open_unlinked(const std::string& folder) {
    const int direct = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (direct >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return direct;
    std::string name = folder + "/body-XXXXXX";  // a file system without O_TMPFILE
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

Error spill_error() {
    if (errno == ENOSPC || errno == EDQUOT) return {ErrorKind::unavailable, "storage.full", "no space for the body of this request"};
    return {ErrorKind::unavailable, "storage.spill", "the body of this request cannot be kept"};
}

}  // namespace

SpillFile::SpillFile(const std::string& folder) {
    const int descriptor = folder.empty() ? -1 : open_unlinked(folder);
    if (descriptor < 0) throw spill_error();
    file_ = std::make_shared<const OpenFile>(descriptor);
}

void SpillFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_->descriptor(), bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            throw spill_error();
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        size_bytes_ += static_cast<std::uint64_t>(written);
    }
}

}  // namespace qiao::http
