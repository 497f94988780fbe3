#include "storage/blob_store.hpp"
#include "base/error.hpp"
#include "storage/file.hpp"
#include "temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace qiao::storage {
namespace {

TEST(BlobStore, gives_back_what_was_put_and_names_it_by_its_digest) {
    const testing::TempFolder folder;
    BlobStore blobs(folder.file("blobs"));
    const std::string key = blobs.put("abc");
    EXPECT_EQ(key, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(blobs.put("abc"), key);
    EXPECT_EQ(blobs.get(key), "abc");
}

TEST(BlobStore, a_flipped_byte_is_noticed_on_read) {
    const testing::TempFolder folder;
    BlobStore blobs(folder.file("blobs"));
    const std::string key = blobs.put("abc");
    std::ofstream(folder.file("blobs/" + key.substr(0, 2) + "/" + key)) << "abd";
    try {
        static_cast<void>(blobs.get(key));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), "storage.blob_damaged");
    }
}

TEST(BlobStore, a_key_is_never_a_path) {
    const testing::TempFolder folder;
    const BlobStore blobs(folder.file("blobs"));
    for (const char* key : {"", "../../etc/passwd", "zz"}) EXPECT_THROW(static_cast<void>(blobs.get(key)), Error);
}

TEST(FolderLock, a_second_process_is_refused) {
    const testing::TempFolder folder;
    const FolderLock lock(folder.path());
    EXPECT_THROW(FolderLock(folder.path()), Error);
}

}  // namespace
}  // namespace qiao::storage
