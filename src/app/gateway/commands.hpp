#pragma once

#include "app/options.hpp"

#include <string>

/// `qiao gateway`: the program in the network of an institution that takes images from its scanners and hands them over to
/// the centre (docs/gateway.md). Called once, by main; each returns the exit status.
namespace qiao::app::gateway {

struct Arguments {
    std::string data_folder;
    std::string hub;      ///< address of the centre; with `code`, later it is remembered
    std::string code;     ///< enrolment code; empty = it is enrolled already
    std::string ca_file;  ///< PEM; empty = the system's authorities
    Endpoint dicom{"0.0.0.0", 11112};
    std::string title = "QIAO";  ///< AE title by which the scanners call it
    int limit_kbit = 0;          ///< a second; 0 = as fast as the line is
};

/// Serves until SIGTERM or SIGINT.
int serve(const Arguments& arguments);
int print_status(const Arguments& arguments);
/// Sends all refused objects again.
int retry(const Arguments& arguments);
/// Removes one refused object for good.
int discard(const Arguments& arguments, const std::string& digest);

}  // namespace qiao::app::gateway
