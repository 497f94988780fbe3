#include "flow/document_bytes.hpp"

#include <gtest/gtest.h>

namespace qiao::flow {
namespace {

std::string number(std::size_t value, unsigned count) {
    std::string bytes;
    for (unsigned i = 0; i < count; ++i) {
        bytes += static_cast<char>(value >> 8U * i & 0xffU);
    }
    return bytes;
}

/// A ZIP archive of empty files with these names.
std::string archive(const std::vector<std::string>& names) {
    std::string files;
    std::string directory;
    for (const std::string& name : names) {
        const std::size_t at = files.size();
        files += "PK\x03\x04" + std::string(22, '\0') + number(name.size(), 2) + number(0, 2) + name;
        directory += "PK\x01\x02" + std::string(24, '\0') + number(name.size(), 2) + std::string(12, '\0') + number(at, 4) + name;
    }
    return files + directory + "PK\x05\x06" + std::string(4, '\0') + number(names.size(), 2) + number(names.size(), 2) + number(directory.size(), 4) +
           number(files.size(), 4) + number(0, 2);
}

/// A compound file with a directory of these streams.
std::string compound(const std::vector<std::string>& streams) {
    std::string bytes = std::string("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") + std::string(504, '\0');
    for (const std::string& name : streams) {
        std::string entry;
        for (const char letter : name) {
            entry += letter;
            entry += '\0';
        }
        entry.resize(64, '\0');
        bytes += entry + number(2 * name.size() + 2, 2) + '\x02' + std::string(61, '\0');
    }
    return bytes;
}

TEST(DocumentBytes, AreKnownByWhatTheyHold) {
    EXPECT_EQ(sniff_paper("%PDF-1.7 ...")->extension, ".pdf");
    EXPECT_EQ(sniff_paper(archive({"[Content_Types].xml", "word/document.xml"}))->extension, ".docx");
    EXPECT_EQ(sniff_paper(archive({"[Content_Types].xml", "xl/workbook.xml"}))->extension, ".xlsx");
    EXPECT_EQ(sniff_paper(archive({"[Content_Types].xml", "ppt/presentation.xml"}))->extension, ".pptx");
    EXPECT_EQ(sniff_paper(compound({"Root Entry", "WordDocument"}))->extension, ".doc");
    EXPECT_EQ(sniff_paper(compound({"Root Entry", "Workbook"}))->extension, ".xls");
    EXPECT_EQ(sniff_paper(compound({"Root Entry", "PowerPoint Document"}))->extension, ".ppt");
    for (const char* type : {"application/pdf", "application/msword", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}) {
        EXPECT_FALSE(extension_of(type).empty()) << type;
    }
    EXPECT_TRUE(extension_of("text/html").empty());
}

TEST(DocumentBytes, RefuseOtherArchivesMacrosAndBrokenOnes) {
    EXPECT_FALSE(sniff_paper(archive({"evil.exe"})));
    EXPECT_FALSE(sniff_paper(archive({"word/document.xml"}))) << "no office file without its list of types";
    EXPECT_FALSE(sniff_paper(archive({"[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"}))) << "macros";
    EXPECT_FALSE(sniff_paper(compound({"Root Entry", "WordDocument", "Macros"}))) << "macros";
    EXPECT_FALSE(sniff_paper(compound({"Root Entry", "Installer"})));
    EXPECT_FALSE(sniff_paper("<html>"));
    EXPECT_FALSE(sniff_paper(""));
    std::string lying = archive({"[Content_Types].xml", "word/document.xml"});
    lying[lying.size() - 6] = '\xff';  // the directory stands elsewhere
    EXPECT_FALSE(sniff_paper(lying));
    const std::string whole = archive({"[Content_Types].xml", "word/document.xml"});
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        EXPECT_FALSE(sniff_paper(std::string_view(whole).substr(0, cut))) << cut;
    }
}

}  // namespace
}  // namespace qiao::flow
