#include "base/digest.hpp"
#include "base/json_value.hpp"
#include "dataset_builder.hpp"
#include "imaging/dataset_walker.hpp"

#include <gtest/gtest.h>

namespace qiao::imaging {
namespace {

using test::element;
using test::element_of_length;
using test::item;
using test::open_sequence;

WalkOptions all() {
    WalkOptions options;
    options.scope = JsonScope::all;
    options.bulk_base = "bulk";
    return options;
}

std::string error_of(std::string_view dataset, const WalkOptions& options = all()) {
    const auto walked = walk(dataset, options);
    return walked ? "" : walked.error().message;
}

TEST(Walker, ReadsAnImage) {
    const auto dataset = test::image({});
    const auto walked = walk(dataset, all());
    ASSERT_TRUE(walked) << walked.error().message;
    EXPECT_EQ(walked->text(tag::kPatientName), "Zhang^San");
    EXPECT_EQ(walked->integer(tag::kRows, 0), 4);
    EXPECT_EQ(walked->size, dataset.size());
    EXPECT_EQ(walked->pixel_offset, walked->header_length + 12);
    EXPECT_EQ(walked->pixel_length, 32U);
    ASSERT_EQ(walked->frames.fragments.size(), 1U);
    EXPECT_EQ(walked->frames.fragments[0].crc32c, crc32c(dataset.substr(walked->pixel_offset, 32)));
    const auto json = json::parse(walked->json);
    ASSERT_TRUE(json) << json.error().message;
    EXPECT_EQ((*json)["00100010"]["Value"].at(0)["Alphabetic"].text(), "Zhang^San");
    EXPECT_EQ((*json)["00200013"]["Value"].at(0).integer(), 1);
    EXPECT_EQ((*json)["7FE00010"]["BulkDataURI"].text(), "bulk/" + std::to_string(walked->pixel_offset) + "/32");
}

TEST(Walker, GivesTheSameWhateverTheChunks) {
    const auto dataset = test::image({}) + open_sequence(0xFFFAFFFA, item(element(0x04000120, "OB", std::string(2000, 'x')), true));
    const auto whole = walk(dataset, all());
    ASSERT_TRUE(whole) << whole.error().message;
    for (const std::size_t chunk : {1U, 2U, 3U, 7U, 8U, 13U, 100U}) {
        DatasetWalker walker(all());
        for (std::size_t at = 0; at < dataset.size(); at += chunk) ASSERT_FALSE(walker.feed(std::string_view(dataset).substr(at, chunk)));
        const auto walked = walker.finish();
        ASSERT_TRUE(walked) << walked.error().message;
        EXPECT_EQ(walked->json, whole->json) << chunk;
        EXPECT_EQ(walked->frames.fragments[0].crc32c, whole->frames.fragments[0].crc32c) << chunk;
    }
}

TEST(Walker, JumpsOverPixels) {
    const auto dataset = test::image({}) + element(0xFFFCFFFC, "OB", "tail");
    const auto whole = walk(dataset, all());
    ASSERT_TRUE(whole) << whole.error().message;
    DatasetWalker walker(all());
    ASSERT_FALSE(walker.feed(std::string_view(dataset).substr(0, whole->pixel_offset)));
    walker.jump(whole->pixel_offset + whole->pixel_length);
    ASSERT_FALSE(walker.feed(std::string_view(dataset).substr(whole->pixel_offset + whole->pixel_length)));
    const auto walked = walker.finish();
    ASSERT_TRUE(walked) << walked.error().message;
    EXPECT_EQ(walked->json, whole->json);
}

TEST(Walker, ReadsSequencesOfEveryForm) {
    const auto inner = element(0x00080100, "SH", "T-1");
    std::string defined = element(0x00081140, "SQ", item(inner) + item(inner, true) + item(""));
    const auto open = open_sequence(0x00081115, item(open_sequence(0x00081199, item(inner)), true) + item(inner));
    const auto unknown = open_sequence(0x00091001, item(test::implicit(0x00080100, "T-2"), true), "UN");
    const auto walked = walk(open + defined + unknown, all());
    ASSERT_TRUE(walked) << walked.error().message;
    const auto json = json::parse(walked->json);
    ASSERT_TRUE(json) << walked->json;
    EXPECT_EQ((*json)["00081140"]["Value"].size(), 3U);
    EXPECT_EQ((*json)["00081115"]["Value"].at(0)["00081199"]["Value"].at(0)["00080100"]["Value"].at(0).text(), "T-1");
    EXPECT_EQ((*json)["00091001"]["vr"].text(), "SQ");
    EXPECT_EQ((*json)["00091001"]["Value"].at(0)["00080100"]["Value"].at(0).text(), "T-2");
}

TEST(Walker, ReadsImplicit) {
    auto options = all();
    options.implicit = true;
    const auto walked = walk(test::implicit(0x00100010, "Li^Si") + test::implicit(0x00280010, std::string("\x04\0", 2)), options);
    ASSERT_TRUE(walked);
    EXPECT_EQ(walked->text(tag::kPatientName), "Li^Si");
    EXPECT_EQ(walked->integer(tag::kRows, 0), 4);
}

TEST(Walker, RefusesHostileInput) {
    std::string nested;
    for (int i = 0; i < 1000; ++i) nested += element_of_length(0x00081140, "SQ", "", 0xFFFFFFFFU) + test::tag_bytes(0xFFFEE000) + std::string(4, '\xFF');
    EXPECT_EQ(error_of(nested), "sequences are nested deeper than the limit");

    test::ImageSpec bomb;
    const auto small = test::image(bomb);
    auto dataset = small.substr(0, small.size() - 44 - 60) + test::us(0x00280010, 65535) + test::us(0x00280011, 65535) + test::us(0x00280100, 16) +
                   element(0x7FE00010, "OW", std::string(32, 'x'));
    EXPECT_EQ(error_of(dataset), "a decoded frame would exceed the limit");

    EXPECT_EQ(error_of(small.substr(0, small.size() - 1)), "the data set ends inside an element");
    EXPECT_EQ(error_of(small.substr(0, 20)), "the data set ends inside an element header");
    EXPECT_EQ(error_of(element(0x00100020, "LO", "P1") + element(0x00100020, "LO", "P2")), "an attribute occurs twice");
    EXPECT_EQ(error_of(element_of_length(0x00091010, "UT", "", 0xFFFFFFFFU)), "an undefined length where none is allowed");
    EXPECT_EQ(error_of(element(0x00081140, "SQ", item(element_of_length(0x00080100, "SH", "ab", 200)))), "an element is longer than the item it lies in");
    EXPECT_EQ(error_of(element(0x00081140, "SQ", test::tag_bytes(0xFFFEE000) + std::string("\x7F\0\0\0", 4))), "an item is longer than its sequence");
    EXPECT_EQ(error_of(test::tag_bytes(0xFFFEE00D) + std::string(4, '\0')), "an item delimiter where no item is open");
    EXPECT_EQ(error_of(std::string(100, '\0')), "a command or empty tag inside the data set");
    EXPECT_EQ(error_of(element_of_length(0x00104000, "LT", std::string(60000, 'x'), 60000)), "");
    EXPECT_EQ(error_of(test::implicit(0x00104000, std::string(70000, 'x')),
                       [] {
                           auto o = all();
                           o.implicit = true;
                           return o;
                       }()),
              "a header value exceeds the limit");
}

TEST(Walker, ToleratesOneMissingRow) {
    test::ImageSpec spec;
    auto dataset = test::image(spec);
    dataset = dataset.substr(0, dataset.size() - 44) + element(0x7FE00010, "OW", std::string(24, 'x'));
    const auto walked = walk(dataset, all());
    ASSERT_TRUE(walked) << walked.error().message;
    EXPECT_TRUE(walked->frames.uncertain);
    dataset = dataset.substr(0, dataset.size() - 36) + element(0x7FE00010, "OW", std::string(20, 'x'));
    EXPECT_EQ(error_of(dataset), "PixelData is shorter than its rows, columns and frames");
}

std::string fragments(const std::vector<std::string>& parts, const std::string& table) {
    std::string items = item(table);
    for (const auto& part : parts) items += item(part);
    return element_of_length(0x7FE00010, "OB", items, 0xFFFFFFFFU) + test::tag_bytes(0xFFFEE0DD) + std::string(4, '\0');
}

FrameTable frames_of(int declared, const std::vector<std::string>& parts, const std::string& table = "") {
    auto options = all();
    options.encapsulated = true;
    const auto walked = walk(element(0x00280008, "IS", std::to_string(declared)) + fragments(parts, table), options);
    EXPECT_TRUE(walked) << walked.error().message;
    const auto copy = FrameTable::unpack(walked->frames.pack());
    EXPECT_TRUE(copy);
    EXPECT_EQ(copy->pack(), walked->frames.pack());
    return *copy;
}

TEST(Walker, DividesFragments) {
    const std::string start("\xFF\xD8xx", 4);
    const std::string rest("yyyy");
    EXPECT_EQ(frames_of(2, {start, start}).frames, 2U);
    EXPECT_EQ(frames_of(1, {start, rest, rest}).frame(1).size(), 3U);
    const auto by_marker = frames_of(2, {start, rest, start, rest, rest});
    EXPECT_FALSE(by_marker.uncertain);
    EXPECT_EQ(by_marker.frame(1).size(), 2U);
    EXPECT_EQ(by_marker.frame(2).size(), 3U);
    const auto by_table = frames_of(2, {rest, rest, rest}, std::string("\0\0\0\0\x18\0\0\0", 8));
    EXPECT_EQ(by_table.frame(1).size(), 2U);
    const auto lying_table = frames_of(2, {start, rest, start}, std::string("\0\0\0\0\x05\0\0\0", 8));
    EXPECT_EQ(lying_table.frame(2).size(), 1U);
    const auto unknown = frames_of(3, {start, rest, rest, start});
    EXPECT_TRUE(unknown.uncertain);
    EXPECT_EQ(unknown.frames, 2U);
    EXPECT_TRUE(unknown.frame(3).empty());
}

TEST(FrameTable, RefusesDamage) {
    for (const auto* bytes : {"\x80", "\x01\x00\x7F", "\x01\x00\x01\x01"}) EXPECT_FALSE(FrameTable::unpack(bytes)) << bytes;
}

TEST(Charset, DecodesBeforeItSplits) {
    // D5 5C and 81 5E are one character each.
    Charset gb("GB18030", "");
    EXPECT_EQ(gb.decode("\xD5\x5C\\B"), "誠\\B");
    EXPECT_EQ(gb.decode("\x81\x5E^B").substr(3), "^B");
    Charset ir58("ISO 2022 IR 6\\ISO 2022 IR 58", "");
    EXPECT_EQ(ir58.decode("Zhang^XiaoDong=\x1B$)A\xD5\xC5^\x1B$)A\xD0\xA1\xB6\xAB="), "Zhang^XiaoDong=张^小东=");
    Charset ir87("ISO 2022 IR 6\\ISO 2022 IR 87", "");
    EXPECT_EQ(ir87.decode("Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B"), "Yamada^Tarou=山田^太郎");
    Charset ir149("ISO 2022 IR 6\\ISO 2022 IR 149", "");
    EXPECT_EQ(ir149.decode("Hong^Gildong=\x1B$)C\xFB\xF3^\x1B$)C\xD1\xCE\xD4\xD7"), "Hong^Gildong=洪^吉洞");
    Charset latin("ISO_IR 100", "");
    EXPECT_EQ(latin.decode("Buc^J\xE9r\xF4me"), "Buc^Jérôme");
    Charset greek("ISO_IR 126", "");
    EXPECT_EQ(greek.decode("\xC4\xE9\xEF\xED\xF5\xF3\xE9\xEF\xF2"), "Διονυσιος");
}

TEST(Charset, ReadsMislabelledChinese) {
    const std::string gbk = "\xCD\xF5^\xD0\xA1\xB6\xAB";  // 王^小东
    EXPECT_EQ(Charset("", "").decode(gbk), "王^小东");
    EXPECT_EQ(Charset("", "GB18030").decode(gbk), "王^小东");
    EXPECT_EQ(Charset("ISO_IR 100", "").decode(gbk), "王^小东");
    EXPECT_EQ(Charset("ISO_IR 192", "").decode(gbk), "王^小东");
    EXPECT_EQ(Charset("ISO_IR 192", "GB18030").decode(gbk), "王^小东");
    EXPECT_EQ(Charset("ISO_IR 100", "").decode("王^小东"), "王^小东");
    EXPECT_EQ(Charset("", "").decode("王^小东"), "王^小东");
    // 镕 lies outside GB 2312: only the site's setting can tell.
    EXPECT_EQ(Charset("", "GB18030").decode("\xE9\x46"), "镕");
    EXPECT_EQ(Charset("ISO_IR 100", "GB18030").decode("M\xFCller"), "Müller");
    EXPECT_EQ(Charset("ISO_IR 192", "").decode("\xFF\xFE"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace qiao::imaging
