#include "flow/audio_bytes.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

/// A Matroska element: id as its bytes, then the size in one byte, or unknown as a recorder of a live stream writes it.
std::string element(const std::string& id, const std::string& data) { return id + static_cast<char>(0x80U | data.size()) + data; }
std::string open_element(const std::string& id, const std::string& data) { return id + '\xff' + data; }

std::string block(std::uint16_t at_ms) {
    return element("\xa3", std::string("\x81", 1) + static_cast<char>(at_ms >> 8U) + static_cast<char>(at_ms & 0xffU) + std::string(1, '\x80') + "sound");
}

std::string cluster(std::uint32_t at_ms, const std::string& blocks) {
    std::string time;
    for (int shift = 24; shift >= 0; shift -= 8) {
        time += static_cast<char>(at_ms >> static_cast<unsigned>(shift) & 0xffU);
    }
    return open_element("\x1f\x43\xb6\x75", element("\xe7", time) + blocks);
}

std::string webm(const std::string& clusters, char track = '\x02') {
    const std::string tracks = element("\x16\x54\xae\x6b", element("\xae", element("\x83", std::string(1, track)) + element("\x86", "A_OPUS")));
    const std::string info = element("\x15\x49\xa9\x66", element("\x2a\xd7\xb1", "\x0f\x42\x40"));
    return element("\x1a\x45\xdf\xa3", element("\x42\x82", "webm")) + open_element("\x18\x53\x80\x67", info + tracks + clusters);
}

std::string ogg_page(char flags, std::uint64_t granule, const std::string& data) {
    std::string page = std::string("OggS") + '\0' + flags;
    for (unsigned i = 0; i < 8; ++i) {
        page += static_cast<char>(granule >> 8U * i & 0xffU);
    }
    return page + std::string(12, '\0') + '\1' + static_cast<char>(data.size()) + data;
}

TEST(AudioBytes, TheLengthIsThatOfTheSound) {
    const auto note = sniff_sound(webm(cluster(0, block(0) + block(980)) + cluster(1000, block(20) + block(960)) + cluster(61'000, block(500))));
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_EQ(note->content_type, "audio/webm");
    EXPECT_EQ(note->length, std::chrono::milliseconds(61'500));
    const auto other = sniff_sound(ogg_page('\2', 0, "OpusHead....") + ogg_page('\0', 48'000 * 7, "sound"));
    ASSERT_TRUE(other);
    EXPECT_EQ(other->content_type, "audio/ogg");
    EXPECT_EQ(other->length, std::chrono::seconds(7));
}

TEST(AudioBytes, RefusesPicturesAndEverythingElse) {
    EXPECT_FALSE(sniff_sound(webm(cluster(0, block(0)), '\x01'))) << "a video track";
    EXPECT_FALSE(sniff_sound(webm(""))) << "no sound";
    EXPECT_FALSE(sniff_sound(element("\x1a\x45\xdf\xa3", element("\x42\x82", "matroska")))) << "not WebM";
    EXPECT_FALSE(sniff_sound(ogg_page('\2', 0, "\x80theora..")));
    for (const char* bytes : {"", "RIFF....WAVE", "<svg onload=x>", "\x1a\x45\xdf\xa3", "OggS"}) {
        EXPECT_FALSE(sniff_sound(bytes)) << bytes;
    }
    const std::string whole = webm(cluster(0, block(0) + block(20)));
    for (std::size_t cut = 0; cut < whole.size() - 30; ++cut) {
        static_cast<void>(sniff_sound(std::string_view(whole).substr(0, cut)));  // never beyond the bytes: the sanitizer watches
    }
}

}  // namespace
}  // namespace qiao::flow
