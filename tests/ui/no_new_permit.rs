// The capability that the table floor demands, the tables and the layers are not part of the public face.
fn main() {
    let _ = netabase::permission::Guard::default();
    netabase::table::find;
    netabase::overlay::Overlay::default();
}
