#include "access/audit_heads.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

namespace qiao::access {
namespace {

bool holds(std::string_view said, std::string_view signature_hex, std::string_view key) {
    const auto signature = from_hex(signature_hex);
    if (key.size() != crypto_sign_PUBLICKEYBYTES || !signature || signature->size() != crypto_sign_BYTES) return false;
    return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signature->data()), reinterpret_cast<const unsigned char*>(said.data()), said.size(),
                                       reinterpret_cast<const unsigned char*>(key.data())) == 0;
}

/// A line that stops before its signature is whole.
bool is_torn(const std::vector<std::string_view>& words) { return words.size() < 6 || words.back().size() < std::size_t{2} * crypto_sign_BYTES; }

bool ends_in_a_line(int descriptor) {
    const off_t size = ::lseek(descriptor, 0, SEEK_END);
    char last = '\n';
    return size <= 0 || (::pread(descriptor, &last, 1, size - 1) == 1 && last == '\n');
}

}  // namespace

HeadsFile read_heads(const std::string& file, std::string_view public_key_hex) {
    HeadsFile heads{.name = std::filesystem::path(file).filename().string()};
    const std::string key = from_hex(trim(public_key_hex)).value_or("");
    const std::string text = storage::read_file(file);
    std::int64_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        const auto words = split(line, ' ');
        if (is_torn(words)) continue;
        ++heads.lines;
        std::int64_t seq = 0;
        std::from_chars(words[2].data(), words[2].data() + words[2].size(), seq);
        if (words.size() == 6 && words[0] == "qiao-audit-head-1" && holds(line.substr(0, line.rfind(' ')), words[5], key)) {
            heads.hash_of[seq] = words[3];
            heads.last_time = words[4];
        } else {
            heads.forged.push_back(number);
        }
    }
    return heads;
}

void append_head(const std::string& folder, std::string_view line) {
    const std::string file = folder + "/" + std::string(kHeadsName);
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) storage::throw_errno(errno, "audit heads");
    std::string bytes = ends_in_a_line(descriptor) ? "" : "\n";
    bytes += line;
    bytes += '\n';
    const bool written = ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) && ::fdatasync(descriptor) == 0;
    const int error = errno;
    ::close(descriptor);
    if (!written) storage::throw_errno(error, "audit heads");
}

HeadsOutside::HeadsOutside(std::string folder, std::string public_key_hex) : folder_(std::move(folder)), public_key_(trim(public_key_hex)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

HeadsOutside::~HeadsOutside() = default;

void HeadsOutside::put(std::string line) {
    const std::lock_guard lock(mutex_);
    newest_ = std::move(line);
    wake_.notify_one();
}

void HeadsOutside::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, stop, [this] { return !newest_.empty(); });
        if (newest_.empty()) return;
        const std::string line = std::exchange(newest_, {});
        lock.unlock();
        try {
            write(line);
            failing_ = false;
        } catch (const Error& error) {
            if (!std::exchange(failing_, true)) log::error("audit.heads_outside", {{"code", error.code()}});
        }
        lock.lock();
    }
}

void HeadsOutside::write(const std::string& line) {
    const std::string file = folder_ + "/" + std::string(kHeadKeyName);
    if (::access(file.c_str(), F_OK) != 0) storage::write_file_durably(file, public_key_ + "\n", 0444);
    if (trim(storage::read_file(file)) != public_key_) {
        throw Error(ErrorKind::conflict, "access.heads_other_key", "the folder holds the heads of another centre, or the key of this one was exchanged");
    }
    append_head(folder_, line);
}

}  // namespace qiao::access
