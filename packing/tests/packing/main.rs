//! Where readings lie, and the page that says so.

mod document;
mod layout;
