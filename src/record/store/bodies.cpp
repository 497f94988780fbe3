#include "record/store/bodies.hpp"

#include "base/error.hpp"
#include "base/freed.hpp"
#include "base/limits.hpp"

#include <zdict.h>
#include <zstd.h>

#include <vector>

namespace qiao::record {
namespace {

constexpr char kPlain = 0;
constexpr char kZstd = 1;
/// Below this the frame of zstd eats what it saves.
constexpr std::size_t kCompressFrom_bytes = 200;
constexpr std::size_t kCompressFromWithDictionary_bytes = 60;
constexpr int kLevel = 1;
constexpr std::size_t kDictionary_bytes = 32 << 10;

using Compressor = std::unique_ptr<ZSTD_CCtx, Freed<ZSTD_freeCCtx>>;
using Decompressor = std::unique_ptr<ZSTD_DCtx, Freed<ZSTD_freeDCtx>>;

Compressor new_compressor() {
    Compressor made(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(made.get(), ZSTD_c_dictIDFlag, 0);  // the first byte of the body says it
    return made;
}

}  // namespace

struct Bodies::Dictionary {
    Dictionary(char number_of, std::string_view bytes)
        : number(number_of),
          packs(ZSTD_createCDict(bytes.data(), bytes.size(), kLevel)),
          unpacks(ZSTD_createDDict(bytes.data(), bytes.size())) {}
    char number;
    std::unique_ptr<ZSTD_CDict, Freed<ZSTD_freeCDict>> packs;
    std::unique_ptr<ZSTD_DDict, Freed<ZSTD_freeDDict>> unpacks;
};

Bodies::Bodies() = default;
Bodies::~Bodies() = default;

std::string Bodies::pack(std::string_view text) const {
    const Dictionary* dictionary = newest_.load(std::memory_order_acquire);
    std::string packed;
    if (text.size() >= (dictionary != nullptr ? kCompressFromWithDictionary_bytes : kCompressFrom_bytes)) {
        thread_local const Compressor context = new_compressor();
        thread_local std::string room;
        ZSTD_CCtx_refCDict(context.get(), dictionary != nullptr ? dictionary->packs.get() : nullptr);
        room.resize(ZSTD_compressBound(text.size()));
        const std::size_t size = ZSTD_compress2(context.get(), room.data(), room.size(), text.data(), text.size());
        if (dictionary == nullptr) packed_without_.fetch_add(1, std::memory_order_relaxed);
        if (ZSTD_isError(size) == 0 && size < text.size()) {
            packed.reserve(size + 1);
            packed += dictionary != nullptr ? dictionary->number : kZstd;
            packed.append(room, 0, size);
            return packed;
        }
    }
    packed.reserve(text.size() + 1);
    packed.assign(1, kPlain);
    packed.append(text);
    return packed;
}

bool Bodies::is_unknown(std::string_view bytes) const {
    if (bytes.empty()) return false;
    const auto number = static_cast<unsigned char>(bytes[0]);
    return number >= kFirst && by_number_[number].load(std::memory_order_acquire) == nullptr;
}

void Bodies::unpack(std::string_view bytes, std::string& out) const {
    if (!bytes.empty() && bytes[0] == kPlain) {
        out.assign(bytes.substr(1));
        return;
    }
    if (!bytes.empty() && !is_unknown(bytes)) {
        const Dictionary* dictionary = by_number_[static_cast<unsigned char>(bytes[0])].load(std::memory_order_acquire);
        bytes.remove_prefix(1);
        const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
        if (size <= limits::kBundleBody_bytes) {
            thread_local const Decompressor context(ZSTD_createDCtx());
            out.resize(size);
            const std::size_t got =
                dictionary != nullptr
                    ? ZSTD_decompress_usingDDict(context.get(), out.data(), out.size(), bytes.data(), bytes.size(), dictionary->unpacks.get())
                    : ZSTD_decompressDCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
            if (ZSTD_isError(got) == 0 && got == size) return;
        }
    }
    throw Error(ErrorKind::internal, "record.body_damaged", "a stored body cannot be read");
}

void Bodies::load(storage::Connection& connection) {
    const std::lock_guard lock(mutex_);
    auto rows = connection.query("SELECT id, bytes FROM dict WHERE id >= ? AND id <= ? ORDER BY id", {kFirst, kLast});
    while (rows.next()) {
        const auto number = static_cast<std::size_t>(rows.integer(0));
        if (known_[number]) continue;
        known_[number] = std::make_unique<Dictionary>(static_cast<char>(number), rows.text(1));
        by_number_[number].store(known_[number].get(), std::memory_order_release);
        newest_.store(known_[number].get(), std::memory_order_release);
    }
}

std::string train_dictionary(std::span<const std::string> samples) {
    std::string all;
    std::vector<std::size_t> sizes;
    for (const std::string& sample : samples) {
        all += sample;
        sizes.push_back(sample.size());
    }
    std::string dictionary(kDictionary_bytes, '\0');
    const std::size_t size = ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), all.data(), sizes.data(), static_cast<unsigned>(sizes.size()));
    if (ZDICT_isError(size) != 0) return {};
    dictionary.resize(size);
    return dictionary;
}

}  // namespace qiao::record
