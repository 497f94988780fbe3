#include "storage/sealed_file.hpp"

#include "base/error.hpp"
#include "storage/file.hpp"
#include "temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace qiao::storage {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::size_t kChunkOnDisk = kChunk + 17;

std::string sample(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>((i * 131 + i / 251) & 0xFFU);
    return text;
}

void overwrite(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

std::string sealed(const std::string& path, const std::string& text, std::string_view open_key) {
    SealedWriter writer(path, open_key);
    for (std::size_t at = 0; at < text.size(); at += 100'001) writer.write(std::string_view(text).substr(at, 100'001));
    const auto size = writer.finish();
    std::string bytes = read_file(path);
    EXPECT_EQ(bytes.size(), size);
    return bytes;
}

struct Read {
    std::string text;
    bool damaged = false;
};
Read opened(const std::string& path, const SealingKeys* keys) {
    SealedReader reader(path, keys);
    Read read;
    while (const auto piece = reader.next()) read.text += *piece;
    read.damaged = reader.damaged();
    return read;
}

TEST(SealedFile, gives_back_what_was_written_at_every_edge_of_a_chunk) {
    const testing::TempFolder folder;
    const SealingKeys keys = make_sealing_keys();
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk, 3 * kChunk + 5}) {
        const std::string text = sample(size);
        const std::string bytes = sealed(folder.file("a"), text, keys.open);
        if (size > 64) {
            EXPECT_EQ(bytes.find(text.substr(0, 32)), std::string::npos);
        }
        const Read read = opened(folder.file("a"), &keys);
        EXPECT_FALSE(read.damaged) << size;
        EXPECT_EQ(read.text, text) << size;
    }
}

TEST(SealedFile, without_a_key_the_bytes_stay_as_they_are) {
    const testing::TempFolder folder;
    for (const std::size_t size : {std::size_t{0}, kChunk, kChunk + 1}) {
        const std::string text = sample(size);
        EXPECT_EQ(sealed(folder.file("a"), text, {}), text);
        EXPECT_EQ(opened(folder.file("a"), nullptr).text, text);
    }
}

TEST(SealedFile, another_key_opens_nothing) {
    const testing::TempFolder folder;
    const SealingKeys keys = make_sealing_keys();
    const SealingKeys others = make_sealing_keys();
    sealed(folder.file("a"), "secret", keys.open);
    const Read read = opened(folder.file("a"), &others);
    EXPECT_TRUE(read.damaged);
    EXPECT_TRUE(read.text.empty());
    EXPECT_NE(sealing_key_id(keys.open), sealing_key_id(others.open));
    EXPECT_EQ(sealing_keys_of(keys.secret).open, keys.open);
    EXPECT_THROW(sealing_keys_of("short"), Error);
}

TEST(SealedFile, a_flipped_bit_anywhere_is_seen) {
    const testing::TempFolder folder;
    const SealingKeys keys = make_sealing_keys();
    const std::string bytes = sealed(folder.file("a"), sample(2 * kChunk + 100), keys.open);
    for (const std::size_t at : {std::size_t{0}, std::size_t{12}, std::size_t{60}, std::size_t{100}, std::size_t{200}, kChunkOnDisk + 200, bytes.size() - 1}) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        overwrite(folder.file("b"), changed);
        EXPECT_TRUE(opened(folder.file("b"), &keys).damaged) << at;
    }
}

TEST(SealedFile, cut_lengthened_or_exchanged_chunks_are_seen) {
    const testing::TempFolder folder;
    const SealingKeys keys = make_sealing_keys();
    const std::string bytes = sealed(folder.file("a"), sample(3 * kChunk), keys.open);
    const std::size_t head = bytes.size() - 3 * kChunkOnDisk;
    for (const std::size_t size : {std::size_t{0}, std::size_t{5}, head, head + 10, head + kChunkOnDisk, head + 2 * kChunkOnDisk, bytes.size() - 1}) {
        overwrite(folder.file("b"), bytes.substr(0, size));
        EXPECT_TRUE(opened(folder.file("b"), &keys).damaged) << size;
    }
    overwrite(folder.file("b"), bytes + "x");
    EXPECT_TRUE(opened(folder.file("b"), &keys).damaged);
    overwrite(folder.file("b"), bytes.substr(0, head) + bytes.substr(head + kChunkOnDisk, kChunkOnDisk) + bytes.substr(head, kChunkOnDisk) + bytes.substr(head + 2 * kChunkOnDisk));
    EXPECT_TRUE(opened(folder.file("b"), &keys).damaged);
    EXPECT_TRUE(opened(folder.file("missing"), &keys).damaged);
}

}  // namespace
}  // namespace qiao::storage
