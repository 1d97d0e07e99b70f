// The capability that the table floor demands, the tables and the layers are not part of the public face: no index
// is written by hand. S1-30.
fn main() {
    let _ = netabase::permission::Guard::owner();
    netabase::table::find;
    netabase::overlay::Overlay::default();
}
