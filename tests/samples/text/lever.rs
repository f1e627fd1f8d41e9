const BASE: &str = "https://api.lever.co/v1";
/// GET /candidates
pub async fn add(id: &str) -> Result<()> {
    let url = format!("{}/candidates/{}/addTags", BASE, id); // expect: LK301
    post(&url).await
}
