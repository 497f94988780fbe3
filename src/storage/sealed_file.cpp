#include "storage/sealed_file.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace qiao::storage {
namespace {

constexpr std::string_view kMagic = "QIAOSEAL1\n";
constexpr std::size_t kChunk_bytes = 256 * 1024;
constexpr std::size_t kSealedChunk_bytes = kChunk_bytes + crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr std::size_t kFileKey_bytes = crypto_secretstream_xchacha20poly1305_KEYBYTES;
constexpr std::size_t kSealedKey_bytes = kFileKey_bytes + crypto_box_SEALBYTES;
constexpr std::size_t kStreamHeader_bytes = crypto_secretstream_xchacha20poly1305_HEADERBYTES;
/// A large backlog of unwritten pages would make the commits of a busy server wait for it.
constexpr std::uint64_t kWindow_bytes = 8U << 20U;

unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void start_sodium() {
    if (sodium_init() < 0) throw Error(ErrorKind::internal, "storage.sodium", "libsodium does not start");
}

/// Up to `size` bytes; fewer only at the end of the file. Nothing when it cannot be read.
std::optional<std::size_t> read_up_to(int descriptor, char* into, std::size_t size) {
    std::size_t have = 0;
    while (have < size) {
        const ssize_t got = ::read(descriptor, into + have, size - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    return have;
}

}  // namespace

SealingKeys make_sealing_keys() {
    start_sodium();
    SealingKeys keys{std::string(crypto_box_PUBLICKEYBYTES, '\0'), std::string(crypto_box_SECRETKEYBYTES, '\0')};
    crypto_box_keypair(bytes_of(keys.open), bytes_of(keys.secret));
    return keys;
}

SealingKeys sealing_keys_of(std::string_view secret) {
    start_sodium();
    SealingKeys keys{std::string(crypto_box_PUBLICKEYBYTES, '\0'), std::string(secret)};
    if (secret.size() != crypto_box_SECRETKEYBYTES || crypto_scalarmult_base(bytes_of(keys.open), bytes_of(secret)) != 0) {
        throw Error(ErrorKind::invalid, "storage.bad_sealing_key", "not a private key");
    }
    return keys;
}

std::string sealing_key_id(std::string_view open_key) { return to_hex(sha256(open_key)).substr(0, 16); }

struct SealedWriter::Impl {
    Impl(const std::string& path, std::string_view open_key)
        : file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)), sealed(!open_key.empty()) {
        if (file.get() < 0) throw_errno(errno, "create sealed file");
        chunk.reserve(kChunk_bytes);
        if (!sealed) return;
        start_sodium();
        std::array<unsigned char, kFileKey_bytes> key{};
        crypto_secretstream_xchacha20poly1305_keygen(key.data());
        std::string start(kMagic);
        start.resize(kMagic.size() + kSealedKey_bytes + kStreamHeader_bytes);
        unsigned char* at = bytes_of(start) + kMagic.size();
        const bool done = open_key.size() == crypto_box_PUBLICKEYBYTES && crypto_box_seal(at, key.data(), key.size(), bytes_of(open_key)) == 0 &&
                          crypto_secretstream_xchacha20poly1305_init_push(&stream, at + kSealedKey_bytes, key.data()) == 0;
        sodium_memzero(key.data(), key.size());
        if (!done) throw Error(ErrorKind::invalid, "storage.bad_sealing_key", "not a public key");
        put(start);
    }
    ~Impl() { sodium_memzero(&stream, sizeof stream); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void put(std::string_view bytes) {
        size += bytes.size();
        while (!bytes.empty()) {
            const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) throw_errno(errno, "write sealed file");
            bytes.remove_prefix(static_cast<std::size_t>(written));
        }
        if (size - sent >= kWindow_bytes) send();
    }
    /// Sends the last window to the disk and waits for the one before it: at most two are unwritten. Where the volume cannot do
    /// so, the sync at the end does it all.
    void send() {
        const std::uint64_t before = sent - std::min(sent, kWindow_bytes);
        ::sync_file_range(file.get(), static_cast<off_t>(sent), static_cast<off_t>(size - sent), SYNC_FILE_RANGE_WRITE);
        if (sent > 0)  // a length of 0 would mean all
            ::sync_file_range(file.get(), static_cast<off_t>(before), static_cast<off_t>(sent - before),
                              SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
        sent = size;
    }
    void put_chunk(std::string_view bytes, unsigned char tag) {
        if (!sealed) return put(bytes);
        out.resize(bytes.size() + crypto_secretstream_xchacha20poly1305_ABYTES);
        crypto_secretstream_xchacha20poly1305_push(&stream, bytes_of(out), nullptr, bytes_of(bytes), bytes.size(), nullptr, 0, tag);
        put(out);
    }

    const Descriptor file;
    const bool sealed;
    crypto_secretstream_xchacha20poly1305_state stream{};
    std::string chunk;
    std::string out;
    std::uint64_t size = 0;
    std::uint64_t sent = 0;
};

SealedWriter::SealedWriter(const std::string& path, std::string_view open_key) : impl_(std::make_unique<Impl>(path, open_key)) {}
SealedWriter::~SealedWriter() = default;

void SealedWriter::write(std::string_view bytes) {
    std::string& chunk = impl_->chunk;
    while (!bytes.empty()) {
        // A full chunk waits until more comes: the last one carries the mark of the end.
        if (chunk.size() == kChunk_bytes) {
            impl_->put_chunk(chunk, 0);
            chunk.clear();
        }
        const std::size_t some = std::min(bytes.size(), kChunk_bytes - chunk.size());
        chunk.append(bytes.substr(0, some));
        bytes.remove_prefix(some);
    }
}

std::uint64_t SealedWriter::finish() {
    impl_->put_chunk(impl_->chunk, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
    impl_->chunk.clear();
    return impl_->size;
}

struct SealedReader::Impl {
    Impl(const std::string& path, const SealingKeys* keys) : file(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), sealed(keys != nullptr) {
        if (file.get() < 0) {
            state = State::damaged;
            return;
        }
        ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
        in.resize(sealed ? kSealedChunk_bytes : kChunk_bytes);
        if (!sealed) return;
        start_sodium();
        std::string start(kMagic.size() + kSealedKey_bytes + kStreamHeader_bytes, '\0');
        std::array<unsigned char, kFileKey_bytes> key{};
        const unsigned char* at = bytes_of(start) + kMagic.size();
        const auto got = read_up_to(file.get(), start.data(), start.size());
        const bool opened = got == start.size() && start.starts_with(kMagic) &&
                            crypto_box_seal_open(key.data(), at, kSealedKey_bytes, bytes_of(std::string_view(keys->open)), bytes_of(std::string_view(keys->secret))) == 0 &&
                            crypto_secretstream_xchacha20poly1305_init_pull(&stream, at + kSealedKey_bytes, key.data()) == 0;
        sodium_memzero(key.data(), key.size());
        if (!opened) state = State::damaged;
    }
    ~Impl() { sodium_memzero(&stream, sizeof stream); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::optional<std::string_view> fail() {
        state = State::damaged;
        return std::nullopt;
    }
    std::optional<std::string_view> next() {
        if (state != State::reading) return std::nullopt;
        const auto got = read_up_to(file.get(), in.data(), in.size());
        if (!got) return fail();
        if (!sealed) {
            if (*got < in.size()) state = State::ended;
            if (*got == 0) return std::nullopt;
            return std::string_view(in.data(), *got);
        }
        if (*got < crypto_secretstream_xchacha20poly1305_ABYTES) return fail();  // cut before the chunk that is marked as the last
        out.resize(*got - crypto_secretstream_xchacha20poly1305_ABYTES);
        unsigned char tag = 0;
        if (crypto_secretstream_xchacha20poly1305_pull(&stream, bytes_of(out), nullptr, &tag, bytes_of(std::string_view(in)), *got, nullptr, 0) != 0) return fail();
        if (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
            char more = 0;
            if (read_up_to(file.get(), &more, 1) != 0U) return fail();
            state = State::ended;
            if (out.empty()) return std::nullopt;
        }
        return std::string_view(out);
    }

    enum class State : std::uint8_t { reading, ended, damaged };
    const Descriptor file;
    const bool sealed;
    State state = State::reading;
    crypto_secretstream_xchacha20poly1305_state stream{};
    std::string in;
    std::string out;
};

SealedReader::SealedReader(const std::string& path, const SealingKeys* keys) : impl_(std::make_unique<Impl>(path, keys)) {}
SealedReader::~SealedReader() = default;
std::optional<std::string_view> SealedReader::next() { return impl_->next(); }
bool SealedReader::damaged() const { return impl_->state == Impl::State::damaged; }

}  // namespace qiao::storage
