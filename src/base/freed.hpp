#pragma once

/// The deleter of handles that a C library gives: `std::unique_ptr<BIO, Freed<BIO_free_all>>`. Any thread.
namespace qiao {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* handle) const {
        Free(handle);
    }
};

}  // namespace qiao
