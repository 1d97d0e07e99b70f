//! The rules that hold the code together: floors, file sizes, first lines, doors.
